# SPDX-License-Identifier: Apache-2.0
"""Which library (a name of core/libraries.cmake) an #include <...> belongs to. A new library is a new line here."""
import re

LIBRARIES = [
    (r"uv\.h|uv/.*", "uv"),
    (r"sqlite3\.h", "sqlite"),
    (r"libpq-fe\.h|postgres_ext\.h", "pq"),
    (r"openssl/(ssl|tls1|ssl3|dtls1)\.h", "ssl"),
    (r"openssl/.*", "crypto"),
    (r"yaml\.h", "yaml"),
    (r"curl/.*", "curl"),
    (r"argon2\.h", "argon2"),
    (r"cmocka\.h", "cmocka"),
    (r"llhttp\.h", "llhttp"),
    (r"lua\.h|lauxlib\.h|lualib\.h|luaconf\.h", "lua"),
    (r"pcre2\.h|pcre2posix\.h", "pcre2"),
    (r"gmime/.*|glib\.h|gio/.*", "gmime"),
    (r"jansson\.h", "jansson"),
    (r"zlib\.h", "zlib"),
    (r"re/.*|re\.h", "re"),
]

# What libc and the kernel give; every room may use it.
SYSTEM = re.compile(
    r"(sys|netinet|arpa|net|linux|asm|bits|sanitizer)/.*|"
    r"(assert|complex|ctype|dirent|dlfcn|elf|endian|errno|error|execinfo|fcntl|features|fenv|float|fnmatch|ftw|getopt|"
    r"glob|grp|iconv|ifaddrs|inttypes|langinfo|libgen|limits|link|locale|malloc|math|mqueue|netdb|poll|pthread|pty|pwd|"
    r"regex|resolv|sched|search|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|"
    r"stdlib|stdnoreturn|string|strings|syslog|termios|threads|time|uchar|ucontext|unistd|utime|wchar|wctype|wordexp)\.h"
)


def library_of(header):
    """The library's name; "" for libc; None for a header that nobody knows."""
    if SYSTEM.fullmatch(header):
        return ""
    for pattern, name in LIBRARIES:
        if re.fullmatch(pattern, header):
            return name
    return None
