#pragma once

#include "tandem/core/error.h"

namespace tandem {

/// Thrown by Loader::next when a sample does not come: whatever reads it hangs. The loader cannot
/// be destroyed before that ends; a program that must end now leaves without destructors.
class StallError : public Error {
 public:
  using Error::Error;
};

}  // namespace tandem
