# Warnings, hardening and sanitizers, the same for gcc and clang.
add_library(pl_flags INTERFACE)
target_compile_definitions(pl_flags INTERFACE _GNU_SOURCE PL_VERSION="${PROJECT_VERSION}")
target_include_directories(pl_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_options(pl_flags INTERFACE
  -Wall -Wextra -Wconversion -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef -Wvla
  -Wimplicit-fallthrough -Wdouble-promotion -Wpointer-arith -Wwrite-strings
  -fno-strict-aliasing -fno-delete-null-pointer-checks -fstack-protector-strong -fPIE
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}=. -ffile-prefix-map=${PROJECT_BINARY_DIR}=build -ffp-contract=off)

if(PL_SANITIZE)
  target_compile_options(pl_flags INTERFACE -fsanitize=${PL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
  target_link_options(pl_flags INTERFACE -fsanitize=${PL_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(pl_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-clash-protection -UNDEBUG)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(pl_flags INTERFACE -fcf-protection=full)
  endif()
endif()
target_link_options(pl_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)

if(PL_COVERAGE)
  target_compile_options(pl_flags INTERFACE --coverage -O0 -g)
  target_link_options(pl_flags INTERFACE --coverage)
endif()
