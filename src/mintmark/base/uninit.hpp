// Vectors whose new elements are not set: large tables that all threads fill would be zeroed, and
// their pages faulted in, by one of them first.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace mintmark {

template <class T>
struct UninitAllocator : std::allocator<T> {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

    template <class U>
    struct rebind {
        using other = UninitAllocator<U>;
    };
    UninitAllocator() = default;
    template <class U>
    UninitAllocator(const UninitAllocator<U>&) noexcept {}

    /// Without arguments: whatever is there stays.
    template <class U, class... Args>
    void construct(U* at, Args&&... args) noexcept {
        if constexpr (sizeof...(Args) > 0) std::construct_at(at, std::forward<Args>(args)...);
    }
};

/// resize() and the constructor that takes a size leave new elements unset: write before reading.
template <class T>
using UninitVector = std::vector<T, UninitAllocator<T>>;

}  // namespace mintmark
