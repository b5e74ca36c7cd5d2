# SPDX-License-Identifier: Apache-2.0
# room(NAME PUBLIC a.h... SOURCES a.c... [USES room...] [SHOWS room...] [LIBS lib...])
#
# A room is a static library that sees only the rooms it names.
#   PUBLIC   headers that other rooms may include, as "NAME/a.h"
#   SOURCES  its .c files
#   USES     rooms used in its .c files
#   SHOWS    rooms that also appear in its public headers
#   LIBS     outside libraries (targets of libraries.cmake), seen by this room only
# Rooms are added bottom first: naming a room that is not yet defined stops the configure step. A header that is not
# PUBLIC, or a room that is not named, is "file not found" for the compiler.
function(room NAME)
  cmake_parse_arguments(R "" "" "PUBLIC;SOURCES;USES;SHOWS;LIBS" ${ARGN})
  if(R_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "room ${NAME}: unknown words: ${R_UNPARSED_ARGUMENTS}")
  endif()
  foreach(d ${R_USES} ${R_SHOWS})
    if(NOT TARGET ${d})
      message(FATAL_ERROR "room ${NAME} may not use ${d}: it is not below it")
    endif()
  endforeach()
  set(seen ${PROJECT_BINARY_DIR}/rooms/${NAME}/${NAME})
  file(REMOVE_RECURSE ${seen})
  file(MAKE_DIRECTORY ${seen})
  foreach(h ${R_PUBLIC})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${h} ${seen}/${h} SYMBOLIC)
  endforeach()
  add_library(${NAME} STATIC ${R_SOURCES})
  set_target_properties(${NAME} PROPERTIES OUTPUT_NAME room_${NAME} POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${NAME} PUBLIC ${PROJECT_BINARY_DIR}/rooms/${NAME})
  target_link_libraries(${NAME} PUBLIC ${R_SHOWS} PRIVATE ${R_USES} ${R_LIBS} house_flags)
endfunction()

# room_test(ROOM x_test.c... [USES room...] [LIBS lib...]): one cmocka program for each file, run by ctest as ROOM/x_test.
# A test sees what its room sees, the room's private headers included.
function(room_test ROOM)
  cmake_parse_arguments(T "" "" "USES;LIBS" ${ARGN})
  foreach(file ${T_UNPARSED_ARGUMENTS})
    get_filename_component(name ${file} NAME_WE)
    add_executable(${ROOM}_${name} ${file})
    target_include_directories(${ROOM}_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${ROOM}_${name} PRIVATE ${ROOM} ${T_USES} ${T_LIBS} cmocka house_flags)
    add_test(NAME ${ROOM}/${name} COMMAND ${ROOM}_${name})
    set_tests_properties(${ROOM}/${name} PROPERTIES TIMEOUT 120 LABELS ${ROOM})
  endforeach()
endfunction()

# room_fuzz(ROOM x_fuzz.c... [USES room...]): one libFuzzer program for each file, only with -DBESEDA_FUZZ=ON (clang).
# Its corpus is tests/fuzz/corpus/x. Without fuzzing the same file is built with tests/fuzz/replay.c, which replays the
# corpus once, so that every ordinary test run covers what the fuzzer found before.
function(room_fuzz ROOM)
  cmake_parse_arguments(T "" "" "USES;LIBS" ${ARGN})
  foreach(file ${T_UNPARSED_ARGUMENTS})
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" corpus ${name})
    set(target ${ROOM}_${name})
    if(BESEDA_FUZZ)
      add_executable(${target} ${file})
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
      add_executable(${target} ${file} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
      add_test(NAME ${ROOM}/${name} COMMAND ${target} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${corpus})
      set_tests_properties(${ROOM}/${name} PROPERTIES TIMEOUT 120 LABELS ${ROOM})
    endif()
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE ${ROOM} ${T_USES} ${T_LIBS} house_flags)
  endforeach()
endfunction()
