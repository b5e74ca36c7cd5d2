# SPDX-License-Identifier: Apache-2.0
# embed_migrations(TARGET): schemas/sql/{sqlite,pgsql}/NNNN_name.sql become one C file of TARGET, which must see store/store.h:
#   extern const struct store_migration STORE_MIGRATIONS[];
#   extern const size_t N_STORE_MIGRATIONS;
# Run by cmake -P it is the generator: -DSQL=schemas/sql -DOUT=file.c
set(EMBED_MIGRATIONS ${CMAKE_CURRENT_LIST_FILE} CACHE INTERNAL "")

function(embed_migrations TARGET)
  set(sql ${PROJECT_SOURCE_DIR}/schemas/sql)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${TARGET}_migrations.c)
  file(GLOB texts CONFIGURE_DEPENDS ${sql}/sqlite/*.sql ${sql}/pgsql/*.sql)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DSQL=${sql} -DOUT=${out} -P ${EMBED_MIGRATIONS}
    DEPENDS ${texts} ${EMBED_MIGRATIONS}
    COMMENT "embedding migrations" VERBATIM)
  target_sources(${TARGET} PRIVATE ${out})
endfunction()

# A C string literal of a file, one line of it a line.
function(embed_text FILE VAR)
  file(READ ${FILE} text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n\t\t\"" text "${text}")
  set(${VAR} "\"${text}\"" PARENT_SCOPE)
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE OR NOT DEFINED OUT)
  return()
endif()

file(GLOB sqlite RELATIVE ${SQL}/sqlite ${SQL}/sqlite/*.sql)
file(GLOB pgsql RELATIVE ${SQL}/pgsql ${SQL}/pgsql/*.sql)
list(SORT sqlite)
list(SORT pgsql)
if(NOT "${sqlite}" STREQUAL "${pgsql}")
  message(FATAL_ERROR "migrations differ: sqlite has ${sqlite}; pgsql has ${pgsql}")
endif()
set(code "// Generated from schemas/sql.\n#include \"store/store.h\"\n\n")
string(APPEND code "extern const struct store_migration STORE_MIGRATIONS[];\nextern const size_t N_STORE_MIGRATIONS;\n\n")
string(APPEND code "const struct store_migration STORE_MIGRATIONS[] = {\n")
set(last 0)
foreach(name IN LISTS sqlite)
  if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)[.]sql$")
    message(FATAL_ERROR "${name}: a migration is called NNNN_name.sql")
  endif()
  set(title ${CMAKE_MATCH_2})
  math(EXPR version "1${CMAKE_MATCH_1} - 10000")
  if(NOT version GREATER last)
    message(FATAL_ERROR "${name}: there are two migrations ${version}")
  endif()
  set(last ${version})
  embed_text(${SQL}/sqlite/${name} text_sqlite)
  embed_text(${SQL}/pgsql/${name} text_pgsql)
  string(APPEND code "\t{${version}, \"${title}\",\n\t\t${text_sqlite},\n\t\t${text_pgsql}},\n")
endforeach()
string(APPEND code "};\nconst size_t N_STORE_MIGRATIONS = sizeof STORE_MIGRATIONS / sizeof *STORE_MIGRATIONS;\n")
file(WRITE ${OUT} "${code}")
