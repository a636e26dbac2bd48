# thunderline_module(NAME SOURCES a.cc … DEPENDS base … LIBRARIES fmt::fmt …)
#   makes the static library `NAME` (one a module) that includes as "thunderline/NAME/x.h".
#   DEPENDS are other modules (public); LIBRARIES are third parties, which no public header shows.
# thunderline_test(TARGET MODULE m SOURCES x_test.cc … [LIBRARIES …] [LABELS concurrent])
#   makes a GoogleTest program, one ctest entry a program.
# thunderline_bench(TARGET MODULES m … SOURCES x_bench.cc … [LIBRARIES …])

add_library(thunderline_options INTERFACE)
target_include_directories(thunderline_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(thunderline_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow
                       -Wnon-virtual-dtor -Wno-missing-field-initializers
                       # Bit-equal results: no contraction that differs between call sites.
                       -ffp-contract=off)
target_link_libraries(thunderline_options INTERFACE Threads::Threads)
if(THUNDERLINE_WERROR)
  target_compile_options(thunderline_options INTERFACE -Werror)
endif()
if(THUNDERLINE_SANITIZE)
  target_compile_options(thunderline_options INTERFACE -fsanitize=${THUNDERLINE_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(thunderline_options INTERFACE -fsanitize=${THUNDERLINE_SANITIZE})
endif()

function(thunderline_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/cmake/empty.cc)
  target_link_libraries(${name} PUBLIC thunderline_options ${ARG_DEPENDS} PRIVATE ${ARG_LIBRARIES})
endfunction()

function(thunderline_test target)
  cmake_parse_arguments(ARG "" "" "MODULE;SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ${ARG_MODULE} ${ARG_LIBRARIES} ${RAPIDCHECK_LIBRARY}
                        GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${target} PRIVATE
                             THUNDERLINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(THUNDERLINE_SANITIZE MATCHES "address")
    target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests/support/lsan_suppressions.cc)
  endif()
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES TIMEOUT 900)
  if(ARG_LABELS)
    set_tests_properties(${target} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()

function(thunderline_bench target)
  cmake_parse_arguments(ARG "" "" "MODULES;SOURCES;LIBRARIES" ${ARGN})
  add_executable(${target} EXCLUDE_FROM_ALL ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ${ARG_MODULES} ${ARG_LIBRARIES}
                        benchmark::benchmark benchmark::benchmark_main)
  add_dependencies(benchmarks ${target})
endfunction()

add_custom_target(benchmarks)
