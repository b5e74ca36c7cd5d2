# SPDX-License-Identifier: Apache-2.0
# Every outside library of the C build, named once. The Debian packages that bring them stand in tests/dev/packages.sh.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(library NAME)
  pkg_check_modules(${NAME} REQUIRED IMPORTED_TARGET GLOBAL ${ARGN})
  add_library(${NAME} INTERFACE)
  target_link_libraries(${NAME} INTERFACE PkgConfig::${NAME})
endfunction()

library(uv libuv)
library(sqlite sqlite3)
library(pq libpq)
library(crypto libcrypto)
library(yaml yaml-0.1)
library(curl libcurl)
library(argon2 libargon2)
library(cmocka cmocka)
library(jansson jansson) # tests only: the oracle of base/json_fuzz.c

# llhttp: Debian 13 has libllhttp-dev, Debian 12 ships the C sources in node-llhttp.
find_path(LLHTTP_SOURCES llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
if(LLHTTP_SOURCES)
  add_library(llhttp STATIC ${LLHTTP_SOURCES}/llhttp.c ${LLHTTP_SOURCES}/api.c ${LLHTTP_SOURCES}/http.c)
  target_compile_definitions(llhttp PRIVATE LLHTTP_STRICT_MODE=1)
  find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp /usr/include/llhttp NO_DEFAULT_PATH REQUIRED)
  target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
else()
  library(llhttp libllhttp)
endif()

# The warnings and the sanitizer that every target of the house is built with.
add_library(house_flags INTERFACE)
target_compile_options(house_flags INTERFACE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wpointer-arith -Wvla -Wno-unused-parameter -Wno-missing-field-initializers $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation> -fno-omit-frame-pointer)
target_compile_definitions(house_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
target_link_libraries(house_flags INTERFACE Threads::Threads)
if(BESEDA_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(BESEDA_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
endif()
if(BESEDA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
