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

# Sets a property on the target's files for some processors only: they share neither headers nor files with code for all.
function(mintmark_set_on_processor_files target property)
    get_target_property(sources ${target} SOURCES)
    list(FILTER sources INCLUDE REGEX "(ifma|_avx[0-9a-z]*)(_test)?\\.cpp$")
    if(sources)
        set_source_files_properties(${sources} PROPERTIES ${property} ON)
    endif()
endfunction()

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
    mintmark_set_on_processor_files(${target} SKIP_PRECOMPILE_HEADERS)
endfunction()

# mintmark_joined(TARGET ...): with MINTMARK_JOINED several files of a target are compiled as one: most of a clean build is headers
#   (JSON, CLI11, GoogleTest), which each of them has. The files of a module have names of their own, but for those in MINTMARK_ALONE,
#   whose unnamed namespaces name something as a neighbour does; files with flags of their own are left alone by CMake.
option(MINTMARK_JOINED "Compile several files of a target at once: for clean builds" OFF)
set(MINTMARK_ALONE
    src/mintmark/chain/contract_abi.cpp src/mintmark/chain/rlp.cpp src/mintmark/circuit/program_test.cpp src/mintmark/compiler/builder.cpp
    src/mintmark/ledger/copy.cpp src/mintmark/ledger/shared_books.cpp src/mintmark/market/challenges.cpp src/mintmark/market/disputes.cpp
    src/mintmark/market/governance.cpp src/mintmark/prover/grouped_msm.cpp src/mintmark/prover/operand_table.cpp
    src/mintmark/market/licensing.cpp src/mintmark/market/passes.cpp src/mintmark/market/revenue.cpp
    src/mintmark/market/unit_passes.cpp
    src/mintmark/model/quantiser_steps.cpp
    src/mintmark/pcs/srs_native.cpp src/mintmark/pcs/srs_ptau.cpp src/mintmark/pcs/srs_test.cpp src/mintmark/prover/int_operand.cpp
    src/mintmark/prover/witness.cpp src/mintmark/queue/sql_queue.cpp src/mintmark/serving/http_client.cpp src/mintmark/serving/server.cpp src/mintmark/storage/source.cpp src/mintmark/storage/unixfs.cpp
    src/mintmark/sumcheck/product.cpp src/mintmark/worker/settings.cpp test/conformance/random_graph_test.cpp)

function(mintmark_joined)
    if(NOT MINTMARK_JOINED)
        return()
    endif()
    set_target_properties(${ARGN} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    foreach(target IN LISTS ARGN)
        # What a joined file includes is not a header: unnamed namespaces are its own.
        target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
        mintmark_set_on_processor_files(${target} SKIP_UNITY_BUILD_INCLUSION)
    endforeach()
    list(TRANSFORM MINTMARK_ALONE PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE alone)
    set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
