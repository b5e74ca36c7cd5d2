# SPDX-License-Identifier: Apache-2.0
# Copies a plugin's built assets (FROM) beside its .so (TO), if there are any.
cmake_minimum_required(VERSION 3.25)
if(NOT IS_DIRECTORY "${FROM}")
  return()
endif()
file(GLOB_RECURSE files RELATIVE "${FROM}" "${FROM}/*")
foreach(f ${files})
  get_filename_component(folder "${TO}/${f}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  file(COPY_FILE "${FROM}/${f}" "${TO}/${f}" ONLY_IF_DIFFERENT)
endforeach()
# What is no longer built must not be served.
file(GLOB_RECURSE old RELATIVE "${TO}" "${TO}/*")
foreach(f ${old})
  if(NOT f IN_LIST files)
    file(REMOVE "${TO}/${f}")
  endif()
endforeach()
