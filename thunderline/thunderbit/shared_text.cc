#include "thunderline/thunderbit/shared_text.h"

#include <cstring>
#include <new>

namespace thunderline::thunderbit {

SharedText::SharedText(std::string_view text, int) : size_(text.size()) {
  if (text.empty()) return;
  block_ = new (::operator new(sizeof(Block) + text.size())) Block;
  std::memcpy(static_cast<void*>(block_ + 1), text.data(), text.size());
}

void SharedText::free_block(Block* block) {
  block->~Block();
  ::operator delete(block);
}

}  // namespace thunderline::thunderbit
