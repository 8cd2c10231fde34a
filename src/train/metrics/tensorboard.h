#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "tandem/core/files.h"

namespace tandem {

/// CRC-32C (Castagnoli), as RFC 3720 defines it.
[[nodiscard]] uint32_t crc32c(std::string_view bytes) noexcept;

/// Frames `record` as TFRecord files do: length, masked CRC of the length, bytes, masked CRC of the
/// bytes.
[[nodiscard]] std::string tfrecord(std::string_view record);

/// A TensorBoard event file of scalars, encoded by hand: tensorflow/core/util/event.proto and
/// framework/summary.proto are three small messages.
class EventWriter {
 public:
  /// Creates `events.out.tfevents.<time>.<host>.<pid>` in `folder`. TensorBoard drops what earlier
  /// event files there hold from `first_step` on. Throws kCannotCreate and kIo.
  EventWriter(const std::filesystem::path& folder, int64_t first_step);

  /// Appends one point per value. Throws kIo.
  void write(int64_t step, const std::map<std::string, double>& values);

 private:
  void append(const std::string& bytes);

  AppendFile file_;
};

}  // namespace tandem
