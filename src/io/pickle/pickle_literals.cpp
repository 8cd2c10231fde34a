// Numbers and texts in a pickle.
#include <charconv>
#include <optional>

#include "io/pickle/pickle_machine.h"

namespace tandem {
namespace {

using Kind = PickleValue::Kind;

std::optional<int64_t> integer_in(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void PickleMachine::push_text(uint64_t bytes) {
  push({.kind = Kind::kText, .text = std::string(take(bytes))});
}

// A number too long for 64 bits is no size of a tensor.
void PickleMachine::push_long(uint64_t bytes) {
  if (bytes > 8) {
    take(bytes);
    push_object("a long number");
    return;
  }
  uint64_t value = number(bytes);
  if (bytes > 0 && bytes < 8 && (value >> (8 * bytes - 1)) != 0)
    value |= ~uint64_t{0} << (8 * bytes);
  push({.kind = Kind::kInteger, .integer = static_cast<int64_t>(value)});
}

bool PickleMachine::step_number(unsigned char op) {
  const auto integer = [&](int64_t value) {
    push({.kind = Kind::kInteger, .integer = value});
    return true;
  };
  switch (op) {
    case 'N': push({}); return true;
    case 0x88: push({.kind = Kind::kBool, .integer = 1}); return true;
    case 0x89: push({.kind = Kind::kBool, .integer = 0}); return true;
    case 'K': return integer(static_cast<int64_t>(number(1)));
    case 'M': return integer(static_cast<int64_t>(number(2)));
    case 'J': return integer(static_cast<int32_t>(static_cast<uint32_t>(number(4))));
    case 0x8a: push_long(number(1)); return true;
    case 0x8b: push_long(number(4)); return true;
    case 'I':
    case 'L': {
      std::string text = line();
      if (op == 'L' && text.ends_with('L')) text.pop_back();
      const std::optional<int64_t> value = integer_in(text);
      if (value) return integer(*value);
      push_object("a long number");
      return true;
    }
    case 'F':
      (void)line();
      push({.kind = Kind::kFloat});
      return true;
    case 'G':
      (void)take(8);
      push({.kind = Kind::kFloat});
      return true;
    default: return false;
  }
}

bool PickleMachine::step_text(unsigned char op) {
  switch (op) {
    case 'X': push_text(number(4)); return true;
    case 0x8c: push_text(number(1)); return true;
    case 0x8d: push_text(number(8)); return true;
    // Python 2 wrote its texts as bytes.
    case 'T': push_text(number(4)); return true;
    case 'U': push_text(number(1)); return true;
    case 'V': push({.kind = Kind::kText, .text = line()}); return true;
    case 'S': {
      const std::string text = line();
      const bool quoted = text.size() >= 2 && text.front() == text.back();
      push({.kind = Kind::kText, .text = quoted ? text.substr(1, text.size() - 2) : text});
      return true;
    }
    case 'B': take(number(4)); break;
    case 'C': take(number(1)); break;
    case 0x8e:
    case 0x96: take(number(8)); break;
    case 0x97: break;
    case 0x98: return true;
    default: return false;
  }
  push_object("bytes");
  return true;
}

}  // namespace tandem
