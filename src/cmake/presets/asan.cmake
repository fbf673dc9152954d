set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(PL_SANITIZE address,undefined CACHE STRING "")
