#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace tandem {

/// Inflates gzip data (RFC 1952) piece by piece. Several members one after the other are one text,
/// and zero bytes after the last one are padding.
class Gunzip {
 public:
  Gunzip();
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  struct Progress {
    size_t taken = 0;  ///< Bytes of the input that are done with.
    size_t given = 0;  ///< Bytes written to the output.
  };
  /// Inflates as much of `in` as fits into the `room` bytes at `out`. Throws kData for damaged
  /// data.
  Progress inflate(std::string_view in, char* out, size_t room);
  /// Whether everything so far is whole: no member has begun without its end.
  [[nodiscard]] bool complete() const { return complete_; }

  /// Whether a file that begins with `head` is gzip data.
  [[nodiscard]] static bool recognizes(std::string_view head) {
    return head.starts_with("\x1F\x8B");
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool complete_ = true;
};

}  // namespace tandem
