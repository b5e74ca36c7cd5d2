// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target once over every file of the folders given: the corpus as an ordinary test.
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) return -1;
	size_t cap = 1 << 20, n = 0;
	uint8_t *data = malloc(cap);
	if (data) n = fread(data, 1, cap, f);
	fclose(f);
	/* an exact copy, so that the sanitizer sees a read past the end */
	uint8_t *exact = malloc(n ? n : 1);
	if (exact && data) {
		memcpy(exact, data, n);
		LLVMFuzzerTestOneInput(exact, n);
	}
	free(exact);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	int n = 0;
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		if (!d) {
			fprintf(stderr, "no corpus at %s\n", argv[i]);
			return 1;
		}
		for (struct dirent *e; (e = readdir(d));) {
			if (e->d_name[0] == '.') continue;
			char path[4096];
			snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
			if (!replay_file(path)) n++;
		}
		closedir(d);
	}
	printf("%d inputs replayed\n", n);
	return n ? 0 : 1;
}
