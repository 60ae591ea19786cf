# bcue_lane_files(OUT stem): STEM_baseline.c and, on x86-64, STEM_avx2.c and STEM_avx512.c, each compiled for its instruction set alone
# (base/float_lanes.h); the CPU is asked before they are called.
function(bcue_lane_files out stem)
  set(files ${stem}_baseline.c)
  set_source_files_properties(${stem}_baseline.c PROPERTIES COMPILE_OPTIONS "-Wno-psabi")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    list(APPEND files ${stem}_avx2.c ${stem}_avx512.c)
    set_source_files_properties(${stem}_avx2.c PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-Wno-psabi")
    set_source_files_properties(${stem}_avx512.c PROPERTIES COMPILE_OPTIONS "-mavx512f;-mavx2;-mfma;-Wno-psabi")
  endif()
  set(${out} ${files} PARENT_SCOPE)
endfunction()

# bcue_room(NAME room SOURCES ... EDGES room ... LIBRARIES third-party ...)
# One static library per room. EDGES are the rooms it may include (and, through them, theirs);
# LIBRARIES are the third-party libraries that only this room may see, so they are linked PRIVATE.
function(bcue_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes
                                           -Wmissing-prototypes -Wvla)
  if(BCUE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  # Contraction to fused multiply-add would make results depend on the compiler's choices.
  target_compile_options(${target} PRIVATE -ffp-contract=off)
  target_compile_definitions(${target} PRIVATE _XOPEN_SOURCE=700 _FILE_OFFSET_BITS=64)
  if(BCUE_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${BCUE_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${BCUE_SANITIZE})
  endif()
  if(BCUE_COVERAGE)
    target_compile_options(${target} PRIVATE --coverage)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()

function(bcue_room)
  cmake_parse_arguments(R "" "NAME" "SOURCES;EDGES;LIBRARIES" ${ARGN})
  add_library(bcue_${R_NAME} STATIC ${R_SOURCES})
  target_include_directories(bcue_${R_NAME} PUBLIC "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include"
                                                   "${PROJECT_BINARY_DIR}/generated")
  foreach(edge IN LISTS R_EDGES)
    target_link_libraries(bcue_${R_NAME} PUBLIC bcue_${edge})
  endforeach()
  target_link_libraries(bcue_${R_NAME} PRIVATE ${R_LIBRARIES} m)
  bcue_flags(bcue_${R_NAME})
  set_property(GLOBAL APPEND PROPERTY BCUE_ROOM_TARGETS bcue_${R_NAME})
endfunction()

# A program that is a client of the library: public headers only, whatever it is linked with.
function(bcue_client target)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include")
  foreach(room api simulate)
    target_link_libraries(${target} PRIVATE $<LINK_ONLY:bcue_${room}>)
  endforeach()
  target_link_libraries(${target} PRIVATE m)
  bcue_flags(${target})
endfunction()

# bcue_test(NAME name SOURCES ... ROOMS room ... [LABELS ...]): one ctest per program; exit 77 means skipped.
function(bcue_test)
  cmake_parse_arguments(T "" "NAME;TIMEOUT" "SOURCES;ROOMS;LIBRARIES;LABELS;ARGS" ${ARGN})
  add_executable(test_${T_NAME} ${T_SOURCES})
  foreach(room IN LISTS T_ROOMS)
    target_link_libraries(test_${T_NAME} PRIVATE bcue_${room})
  endforeach()
  target_link_libraries(test_${T_NAME} PRIVATE ${T_LIBRARIES} m)
  target_include_directories(test_${T_NAME} PRIVATE "${PROJECT_SOURCE_DIR}/tests/harness" "${PROJECT_SOURCE_DIR}/src"
                                                    "${PROJECT_SOURCE_DIR}/include")
  target_compile_definitions(test_${T_NAME} PRIVATE BCUE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                                    BCUE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  bcue_flags(test_${T_NAME})
  add_test(NAME ${T_NAME} COMMAND test_${T_NAME} ${T_ARGS})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  set_tests_properties(${T_NAME} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}")
  # Threads that wait do not spin for long (tools/beamcue/beamcue_main.c does the same).
  set_tests_properties(${T_NAME} PROPERTIES ENVIRONMENT "GOMP_SPINCOUNT=1000")
endfunction()
