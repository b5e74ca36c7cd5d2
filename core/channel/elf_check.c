// SPDX-License-Identifier: Apache-2.0
// ELF (System V ABI, gABI 4.1): header, program headers, DT_NEEDED; every offset is checked against the file.
#include "elf_check.h"
#include "base/mem.h"
#include <elf.h>
#include <string.h>

// Where the linker put our own header: the machine and byte order that we run on.
extern const Elf64_Ehdr __ehdr_start __attribute__((weak, visibility("hidden")));

// The run-time libraries of C and C++, and those of the sanitizers. Whatever else a plugin needs, a service does for
// it.
static const char *const ALLOWED[] = {
	"libc.so.", "libm.so.",      "libpthread.so.", "libdl.so.",   "librt.so.",   "ld-linux", "libgcc_s.so.",
	"libasan.", "libstdc++.so.", "libubsan.so.",   "libtsan.so.", "liblsan.so.", "ld-musl",  "libclang_rt.",
};

static bool is_within(struct str file, uint64_t at, uint64_t n) { return at <= file.n && n <= file.n - at; }

static int check_header(struct str file, Elf64_Ehdr *h_r, struct err *e)
{
	if (file.n < sizeof *h_r || memcmp(file.p, ELFMAG, SELFMAG) != 0)
		return err_set(e, E_INVALID, "it is no ELF file; a plugin is a shared library (cc -shared -fPIC)");
	memcpy(h_r, file.p, sizeof *h_r);
	if (h_r->e_ident[EI_CLASS] != ELFCLASS64)
		return err_set(e, E_INVALID, "it is not a 64-bit library; build it for a 64-bit machine");
	bool is_ours =
		h_r->e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA] && h_r->e_machine == __ehdr_start.e_machine;
	if (!is_ours)
		return err_set(e, E_INVALID,
			       "it was built for another machine (%u, this one is %u); build it for this one",
			       h_r->e_machine, __ehdr_start.e_machine);
	if (h_r->e_type != ET_DYN) return err_set(e, E_INVALID, "it is no shared library; link it with -shared");
	if (h_r->e_phentsize != sizeof(Elf64_Phdr) || !h_r->e_phnum ||
	    !is_within(file, h_r->e_phoff, (uint64_t)h_r->e_phnum * sizeof(Elf64_Phdr)))
		return err_set(e, E_INVALID, "it is cut short or damaged; copy it again");
	return 0;
}

static Elf64_Phdr program_header(struct str file, const Elf64_Ehdr *h, unsigned i)
{
	Elf64_Phdr p;
	memcpy(&p, file.p + h->e_phoff + (uint64_t)i * sizeof p, sizeof p);
	return p;
}

// The place in the file of an address in memory; false: it is not in the file.
static bool offset_of(struct str file, const Elf64_Ehdr *h, uint64_t address, uint64_t *offset_r)
{
	for (unsigned i = 0; i < h->e_phnum; i++) {
		Elf64_Phdr p = program_header(file, h, i);
		if (p.p_type != PT_LOAD || address < p.p_vaddr || address - p.p_vaddr >= p.p_filesz) continue;
		*offset_r = p.p_offset + (address - p.p_vaddr);
		return *offset_r >= p.p_offset && is_within(file, *offset_r, 1);
	}
	return false;
}

static bool library_is_allowed(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ALLOWED); i++)
		if (!strncmp(name, ALLOWED[i], strlen(ALLOWED[i]))) return true;
	return false;
}

static int check_needed(struct str file, uint64_t strings, uint64_t name, struct err *e)
{
	uint64_t at = strings + name;
	if (at < strings || !is_within(file, at, 1) || !memchr(file.p + at, 0, file.n - at))
		return err_set(e, E_INVALID, "its list of libraries is damaged; build it again");
	if (library_is_allowed(file.p + at)) return 0;
	return err_set(e, E_INVALID,
		       "it needs %.100s; a plugin may need the C and C++ libraries only: use a service of the server "
		       "(http.fetch, crypto.hmac …), or link it in statically",
		       file.p + at);
}

static int check_dynamic(struct str file, const Elf64_Ehdr *h, const Elf64_Phdr *dynamic, struct err *e)
{
	uint64_t strings = 0;
	bool has_strings = false;
	size_t n = dynamic->p_filesz / sizeof(Elf64_Dyn);
	if (!is_within(file, dynamic->p_offset, dynamic->p_filesz))
		return err_set(e, E_INVALID, "it is cut short or damaged; copy it again");
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < n; i++) {
			Elf64_Dyn d;
			memcpy(&d, file.p + dynamic->p_offset + i * sizeof d, sizeof d);
			if (d.d_tag == DT_NULL) break;
			if (!round && d.d_tag == DT_STRTAB) has_strings = offset_of(file, h, d.d_un.d_ptr, &strings);
			if (round && d.d_tag == DT_NEEDED && check_needed(file, strings, d.d_un.d_val, e))
				return E_INVALID;
		}
		if (!has_strings) return err_set(e, E_INVALID, "it has no dynamic strings; build it again");
	}
	return 0;
}

int elf_check(struct str file, struct err *e)
{
	Elf64_Ehdr h;
	int r = check_header(file, &h, e);
	if (r) return r;
	for (unsigned i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr p = program_header(file, &h, i);
		if (p.p_type == PT_DYNAMIC) return check_dynamic(file, &h, &p, e);
	}
	return err_set(e, E_INVALID, "it is no shared library; link it with -shared");
}
