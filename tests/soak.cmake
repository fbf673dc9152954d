# What of bad input, memory and failing allocations takes hours: only with ctest -C soak, which is make soak.
set(soak ${CMAKE_CURRENT_SOURCE_DIR})
add_test(NAME soak.memory CONFIGURATIONS soak COMMAND ${PL_PYTHON} -B -m pytest -q -x -p no:cacheprovider ${soak}/integration/test_memory.py)
set_tests_properties(soak.memory PROPERTIES
  ENVIRONMENT "PLATEAUD_FLOOD=10000000;PLATEAUD_BUILD=${PROJECT_BINARY_DIR};PLATEAUD_CACHE=${PROJECT_SOURCE_DIR}/build/cache")
add_test(NAME soak.valgrind CONFIGURATIONS soak COMMAND ${soak}/valgrind.sh ${PROJECT_BINARY_DIR} 1800)
add_test(NAME soak.fuzz CONFIGURATIONS soak COMMAND ${CMAKE_COMMAND} -E env FUZZ_SECONDS=1800 ${soak}/fuzz.sh)
add_test(NAME soak.alloc CONFIGURATIONS soak COMMAND sh -c
  "cmake -G Ninja -S . -B build-asan -C src/cmake/presets/asan.cmake && ninja -C build-asan && tests/alloc/sweep.py build-asan --runs 1000"
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(soak.memory soak.valgrind soak.fuzz soak.alloc PROPERTIES LABELS soak TIMEOUT 86400 RUN_SERIAL ON)
