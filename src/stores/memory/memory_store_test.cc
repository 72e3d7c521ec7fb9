// The contract of stores, in memory.
#include "stores/memory/memory_store.h"

#include "contracts/testing/store_conformance.h"

namespace weir {
namespace {

class MemoryMaker {
 public:
  Store& store() { return store_; }

 private:
  MemoryStore store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreConformance, MemoryMaker);

}  // namespace
}  // namespace weir
