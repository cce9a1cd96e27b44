# With MINTMARK_PCH the headers of the standard library, fmt, nlohmann/json and GoogleTest are parsed once a set of flags, not once a file.
#   Off by default: a build without it finds a missing #include, and is served best by ccache. tools/run_tests.py turns it on where nothing
#   has been built yet. Compilers refuse one of another optimisation level or with other macros: tests, and in Debug
#   what mintmark_plain_debug has, use others.
# mintmark_precompiled(TARGET [PLAIN]): lets a target use it. Files *_ifma.cpp, *_avx*.cpp have flags of their own and do not.
option(MINTMARK_PCH "Precompile the headers of libraries: for clean builds" OFF)

function(mintmark_pch_library name)
    file(WRITE ${PROJECT_BINARY_DIR}/pch/${name}.cpp "")
    add_library(${name} OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/pch/${name}.cpp)
    target_link_libraries(${name} PRIVATE mintmark_warnings fmt::fmt nlohmann_json::nlohmann_json Threads::Threads)
    target_compile_features(${name} PRIVATE cxx_std_23)
    target_precompile_headers(${name} PRIVATE <algorithm> <array> <charconv> <chrono> <cmath> <cstdint> <deque> <expected> <filesystem>
        <functional> <map> <memory> <mutex> <numeric> <optional> <set> <span> <string> <string_view> <thread> <unordered_map> <variant>
        <vector> <fmt/format.h> <nlohmann/json.hpp>)
endfunction()

if(MINTMARK_PCH AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(STATUS "MINTMARK_PCH is for clang: g++ 12 gains little and warns of what is in the standard library's own headers")
    set(MINTMARK_PCH OFF)
endif()

if(MINTMARK_PCH)
    # prometheus-cpp asks for it, and a header must have been compiled with the macros of who uses it.
    add_compile_definitions(_FILE_OFFSET_BITS=64)
    find_package(nlohmann_json REQUIRED)
    foreach(level fast plain)
        mintmark_pch_library(mintmark_pch_${level})
        mintmark_pch_library(mintmark_pch_${level}_test)
        target_link_libraries(mintmark_pch_${level}_test PRIVATE GTest::gtest GTest::gmock)
        target_precompile_headers(mintmark_pch_${level}_test PRIVATE <gtest/gtest.h> <gmock/gmock.h>)
    endforeach()
    foreach(kind plain plain_test)
        target_compile_options(mintmark_pch_${kind} PRIVATE $<$<CONFIG:Debug>:-O0>)
    endforeach()
endif()

function(mintmark_precompiled target)
    if(NOT MINTMARK_PCH)
        return()
    endif()
    set(from mintmark_pch_fast)
    if("PLAIN" IN_LIST ARGN AND CMAKE_BUILD_TYPE STREQUAL "Debug")
        set(from mintmark_pch_plain)
    endif()
    if(target MATCHES "_test$")
        set(from ${from}_test)
    endif()
    target_precompile_headers(${target} REUSE_FROM ${from})
    get_target_property(sources ${target} SOURCES)
    list(FILTER sources INCLUDE REGEX "(_ifma|_avx[0-9a-z]*)\\.cpp$")
    if(sources)
        set_source_files_properties(${sources} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
endfunction()

# mintmark_joined(TARGET ...): with MINTMARK_JOINED several files of a target are compiled as one. For the program's own files:
#   g++ spends a quarter of a clean build on the headers of CLI11 and JSON, which each of them has. The others keep names of their own.
option(MINTMARK_JOINED "Compile several of the program's files at once: for clean builds" OFF)
function(mintmark_joined)
    if(MINTMARK_JOINED)
        set_target_properties(${ARGN} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 7)
    endif()
endfunction()
