#pragma once

#include <chrono>

// Only what LibTorch's ProcessGroupGloo.hpp names: every one of these types is held by a pointer.
namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

namespace transport {
class UnboundBuffer;
}  // namespace transport

}  // namespace gloo
