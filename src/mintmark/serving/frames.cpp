#include "mintmark/serving/frames.hpp"

#include <array>
#include <new>

namespace mintmark::serving {
namespace {

constexpr std::size_t kStep = 64, kSizes = 256;     ///< up to 16 KiB
constexpr std::size_t kMostKeptBytes = 256 * 1024;  ///< of one size

/// Under the sanitizers every frame is fresh, so that a late access is seen.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeeps = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif
#else
constexpr bool kKeeps = true;
#endif

struct Free {
    Free* next;
};

/// Of one thread.
class Kept {
  public:
    Kept() = default;
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    ~Kept() {
        for (Shelf& shelf : shelves_) {
            while (shelf.first != nullptr) ::operator delete(take(shelf));
            shelf.count = kMostKeptBytes;  // frames that end later go back at once
        }
    }
    void* take(std::size_t place) {
        return shelves_[place].first == nullptr ? nullptr : take(shelves_[place]);
    }
    bool give(void* frame, std::size_t place) {
        Shelf& shelf = shelves_[place];
        if (shelf.count >= kMostKeptBytes / (place * kStep)) return false;
        shelf.first = ::new (frame) Free{shelf.first};
        ++shelf.count;
        return true;
    }

  private:
    struct Shelf {
        Free* first = nullptr;
        std::size_t count = 0;
    };
    static void* take(Shelf& shelf) {
        Free* out = shelf.first;
        shelf.first = out->next;
        --shelf.count;
        return out;
    }
    std::array<Shelf, kSizes> shelves_ = {};
};

thread_local Kept kept;

}  // namespace

void* take_frame(std::size_t size) {
    const std::size_t place = (size + kStep - 1) / kStep;
    if (!kKeeps || place >= kSizes) return ::operator new(size);
    if (void* frame = kept.take(place)) return frame;
    return ::operator new(place * kStep);
}

void give_frame(void* frame, std::size_t size) noexcept {
    const std::size_t place = (size + kStep - 1) / kStep;
    if (kKeeps && place < kSizes && kept.give(frame, place)) return;
    ::operator delete(frame);
}

}  // namespace mintmark::serving
