# bcue_embed(SOURCES-VARIABLE FILE...): each file of the current folder becomes `const unsigned char bcue_NAME_EXT[]` and its size
# `bcue_NAME_EXT_size`, in a generated C file that is added to the variable.
# As a script: cmake -DINPUT=file -DNAME=bcue_view_page_html -DOUTPUT=file.c -P BcueEmbed.cmake
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
  file(WRITE "${OUTPUT}" "#include <stddef.h>\nextern const unsigned char ${NAME}[];\nextern const size_t ${NAME}_size;\n"
                         "const unsigned char ${NAME}[] = {\n${bytes}\n};\nconst size_t ${NAME}_size = sizeof ${NAME};\n")
  return()
endif()

function(bcue_embed sources)
  set(made ${${sources}})
  foreach(file IN LISTS ARGN)
    string(REGEX REPLACE "[^a-z0-9]" "_" name "${file}")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${name}.c")
    add_custom_command(OUTPUT "${output}"
                       COMMAND "${CMAKE_COMMAND}" "-DINPUT=${CMAKE_CURRENT_SOURCE_DIR}/${file}" -DNAME=bcue_${name}
                               "-DOUTPUT=${output}" -P "${PROJECT_SOURCE_DIR}/cmake/BcueEmbed.cmake"
                       DEPENDS "${file}" "${PROJECT_SOURCE_DIR}/cmake/BcueEmbed.cmake" VERBATIM)
    list(APPEND made "${output}")
  endforeach()
  set(${sources} ${made} PARENT_SCOPE)
endfunction()
