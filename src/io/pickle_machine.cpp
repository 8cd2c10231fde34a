#include "io/pickle_machine.h"

#include <bit>

#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

using Kind = PickleValue::Kind;

}  // namespace

size_t PickleMachine::run() {
  while (true) {
    const auto op = static_cast<unsigned char>(take(1)[0]);
    if (op == '.') return pop();
    step(op);
  }
}

void PickleMachine::reject(const std::string& what) const {
  throw Error(ErrorKind::kCheckpoint, {.what = what,
                                       .where = where_,
                                       .expected = "a state dict of plain tensors",
                                       .hint = "save it as safetensors"});
}

std::string_view PickleMachine::take(uint64_t bytes) {
  if (bytes > code_.size() - at_) reject("the pickle is cut");
  const std::string_view text = code_.substr(at_, bytes);
  at_ += bytes;
  return text;
}

uint64_t PickleMachine::number(size_t bytes) {
  const std::string_view text = take(bytes);
  uint64_t value = 0;
  for (size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(text[i]);
  return value;
}

std::string PickleMachine::line() {
  const size_t end = code_.find('\n', at_);
  if (end == std::string_view::npos) reject("the pickle is cut");
  std::string text(take(end - at_));
  take(1);
  return text;
}

void PickleMachine::push(PickleValue value) {
  values_.push_back(std::move(value));
  stack_.push_back(values_.size() - 1);
}

size_t PickleMachine::pop() {
  if (stack_.empty() || (!marks_.empty() && marks_.back() == stack_.size()))
    reject("the pickle takes from an empty stack");
  const size_t place = stack_.back();
  stack_.pop_back();
  return place;
}

std::vector<size_t> PickleMachine::pop_mark() {
  if (marks_.empty()) reject("the pickle has no mark to go back to");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<size_t> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleMachine::push_tuple(size_t count) {
  std::vector<size_t> items(count);
  for (size_t i = count; i-- > 0;) items[i] = pop();
  push({.kind = Kind::kTuple, .items = std::move(items)});
}

PickleValue& PickleMachine::top(Kind kind, const char* what) {
  if (stack_.empty() || values_[stack_.back()].kind != kind)
    reject(fmt::format("the pickle fills something that is no {}", what));
  return values_[stack_.back()];
}

const PickleValue& PickleMachine::want(size_t place, Kind kind, const char* what) const {
  if (values_[place].kind != kind)
    reject(fmt::format("a tensor's {} is not what it must be", what));
  return values_[place];
}

bool PickleMachine::step_number(unsigned char op) {
  switch (op) {
    case 'N': push({}); return true;
    case 0x88: push({.kind = Kind::kBool, .integer = 1}); return true;
    case 0x89: push({.kind = Kind::kBool, .integer = 0}); return true;
    case 'K':
      push({.kind = Kind::kInteger, .integer = static_cast<int64_t>(number(1))});
      return true;
    case 'M':
      push({.kind = Kind::kInteger, .integer = static_cast<int64_t>(number(2))});
      return true;
    case 'J':
      push({.kind = Kind::kInteger,
            .integer = static_cast<int32_t>(static_cast<uint32_t>(number(4)))});
      return true;
    case 0x8a: {  // LONG1
      const uint64_t bytes = number(1);
      if (bytes > 8) reject("the pickle holds a number of more than 64 bits");
      uint64_t value = number(bytes);
      if (bytes > 0 && bytes < 8 && (value >> (8 * bytes - 1)) != 0)
        value |= ~uint64_t{0} << (8 * bytes);
      push({.kind = Kind::kInteger, .integer = static_cast<int64_t>(value)});
      return true;
    }
    case 'G': {
      uint64_t bits = 0;
      for (const char byte : take(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
      push({.kind = Kind::kFloat, .number = std::bit_cast<double>(bits)});
      return true;
    }
    case 'X': push({.kind = Kind::kText, .text = std::string(take(number(4)))}); return true;
    case 0x8c: push({.kind = Kind::kText, .text = std::string(take(number(1)))}); return true;
    default: return false;
  }
}

bool PickleMachine::step_container(unsigned char op) {
  switch (op) {
    case '(': marks_.push_back(stack_.size()); return true;
    case ')':
    case ']': push({.kind = Kind::kTuple}); return true;
    case '}': push({.kind = Kind::kDictionary}); return true;
    case 't': push({.kind = Kind::kTuple, .items = pop_mark()}); return true;
    case 0x85: push_tuple(1); return true;
    case 0x86: push_tuple(2); return true;
    case 0x87: push_tuple(3); return true;
    case 'a': {
      const size_t item = pop();
      top(Kind::kTuple, "list").items.push_back(item);
      return true;
    }
    case 'e': {
      const auto items = pop_mark();
      auto& list = top(Kind::kTuple, "list").items;
      list.insert(list.end(), items.begin(), items.end());
      return true;
    }
    case 's': {
      const size_t value = pop(), key = pop();
      auto& entries = top(Kind::kDictionary, "dictionary").items;
      entries.insert(entries.end(), {key, value});
      return true;
    }
    case 'u': {
      const auto items = pop_mark();
      if (items.size() % 2 != 0) reject("the pickle has a key without a value");
      auto& entries = top(Kind::kDictionary, "dictionary").items;
      entries.insert(entries.end(), items.begin(), items.end());
      return true;
    }
    default: return false;
  }
}

void PickleMachine::step(unsigned char op) {
  if (step_number(op) || step_container(op)) return;
  const auto remember = [&](uint64_t slot) {
    if (stack_.empty()) reject("the pickle remembers from an empty stack");
    memo_[slot] = stack_.back();
  };
  const auto recall = [&](uint64_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) reject("the pickle recalls what it never remembered");
    stack_.push_back(found->second);
  };
  switch (op) {
    case 0x80:
      if (number(1) > 5) reject("the pickle's protocol is newer than 5");
      return;
    case 0x95: take(8); return;  // FRAME
    case 'q': remember(number(1)); return;
    case 'r': remember(number(4)); return;
    case 0x94: remember(memo_.size()); return;
    case 'h': recall(number(1)); return;
    case 'j': recall(number(4)); return;
    case 'c': {
      const std::string module = line();
      push_global(module, line());
      return;
    }
    case 0x93: {
      const size_t name = pop(), module = pop();
      push_global(values_[module].text, values_[name].text);
      return;
    }
    case 'Q': push_persistent(); return;
    case 'R': reduce(); return;
    case 'b': build(); return;
    default:
      reject(fmt::format("the pickle holds instruction 0x{:02x}, which a state dict does not need",
                         op));
  }
}

}  // namespace tandem
