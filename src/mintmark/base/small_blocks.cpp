#include "mintmark/base/small_blocks.hpp"

#include <cstdlib>
#include <utility>

namespace mintmark {

SmallBlocks::~SmallBlocks() {
    of_thread_ = nullptr;
    for (Shelf& shelf : shelves_) {
        while (shelf.first != nullptr) std::free(std::exchange(shelf.first, shelf.first->next));
    }
}

}  // namespace mintmark
