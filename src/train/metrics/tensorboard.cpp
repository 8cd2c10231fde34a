#include "train/metrics/tensorboard.h"

#include <unistd.h>

#include <array>
#include <bit>

#include <fmt/format.h>

#include "train/metrics/metrics_log.h"

namespace tandem {
namespace {

// Wire types of protocol buffers.
enum class Wire : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

constexpr std::array<uint32_t, 256> make_crc_table() {
  constexpr uint32_t kReversedPolynomial = 0x82f63b78;
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReversedPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}

template <typename Integer>
std::string little_endian(Integer value) {
  std::string bytes(sizeof(Integer), '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(value & 0xff);
    value >>= 8;
  }
  return bytes;
}

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}

std::string tag(uint32_t field, Wire wire) {
  return varint((field << 3) | static_cast<uint32_t>(wire));
}

std::string bytes_field(uint32_t field, const std::string& bytes) {
  return tag(field, Wire::kBytes) + varint(bytes.size()) + bytes;
}

// Event { double wall_time = 1; int64 step = 2; … }; `content` holds the one further field.
std::string event(int64_t step, const std::string& content) {
  return tag(1, Wire::kFixed64) + little_endian(std::bit_cast<uint64_t>(wall_time())) +
         tag(2, Wire::kVarint) + varint(static_cast<uint64_t>(step)) + content;
}

// Summary.Value { string tag = 1; float simple_value = 2; }
std::string scalar(const std::string& name, double value) {
  return bytes_field(1, name) + tag(2, Wire::kFixed32) +
         little_endian(std::bit_cast<uint32_t>(static_cast<float>(value)));
}

uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

}  // namespace

uint32_t crc32c(std::string_view bytes) noexcept {
  static constexpr std::array<uint32_t, 256> kTable = make_crc_table();
  uint32_t crc = ~0U;
  for (const char byte : bytes)
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~crc;
}

std::string tfrecord(std::string_view record) {
  const std::string length = little_endian(static_cast<uint64_t>(record.size()));
  return length + little_endian(masked_crc(length)) + std::string(record) +
         little_endian(masked_crc(record));
}

EventWriter::EventWriter(const std::filesystem::path& folder, int64_t first_step)
    : file_(folder / fmt::format("events.out.tfevents.{:010}.{}.{}",
                                 static_cast<int64_t>(wall_time()), host_name(), ::getpid())) {
  append(event(0, bytes_field(3, "brain.Event:2")));
  // SessionLog { SessionStatus status = 1; } with status START: points from here on replace older
  // ones.
  append(event(first_step, bytes_field(7, tag(1, Wire::kVarint) + varint(1))));
}

void EventWriter::write(int64_t step, const std::map<std::string, double>& values) {
  std::string summary;
  for (const auto& [name, value] : values) summary += bytes_field(1, scalar(name, value));
  append(event(step, bytes_field(5, summary)));
}

void EventWriter::append(const std::string& bytes) { file_.append(tfrecord(bytes)); }

}  // namespace tandem
