#include "io/pickle/pickle_machine.h"

#include <charconv>

#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

using Kind = PickleValue::Kind;

// A checkpoint with its optimizer has some ten thousand values.
constexpr uint64_t kMaxValues = 5'000'000;

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
  if (bytes > code_.size() - at_) reject("the pickle is truncated");
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
  if (end == std::string_view::npos) reject("the pickle is truncated");
  std::string text(take(end - at_));
  take(1);
  return text;
}

void PickleMachine::push(PickleValue value) {
  spent_ += 1 + value.items.size();
  if (spent_ > kMaxValues) reject("the pickle holds more than 5 million values");
  values_.push_back(std::move(value));
  stack_.push_back(values_.size() - 1);
}

void PickleMachine::push_object(std::string text) {
  push({.kind = Kind::kObject, .text = std::move(text)});
}

size_t PickleMachine::pop() {
  if (stack_.empty() || (!marks_.empty() && marks_.back() == stack_.size()))
    reject("the pickle pops from an empty stack");
  const size_t place = stack_.back();
  stack_.pop_back();
  return place;
}

std::vector<size_t> PickleMachine::pop_mark() {
  if (marks_.empty()) reject("the pickle pops a mark that is not there");
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

// Fills the list or dictionary on top; an object takes what it is given and keeps nothing.
void PickleMachine::append(Kind kind, const std::vector<size_t>& items) {
  if (stack_.empty() || (!marks_.empty() && marks_.back() == stack_.size()))
    reject("the pickle pops from an empty stack");
  PickleValue& value = values_[stack_.back()];
  if (value.kind == Kind::kObject) return;
  if (value.kind != kind) reject("the pickle fills something that is not a list or a dictionary");
  spent_ += items.size();
  if (spent_ > kMaxValues) reject("the pickle holds more than 5 million values");
  value.items.insert(value.items.end(), items.begin(), items.end());
}

const PickleValue& PickleMachine::want(size_t place, Kind kind, const char* what) const {
  if (values_[place].kind != kind) reject(fmt::format("a tensor's {} has the wrong type", what));
  return values_[place];
}

void PickleMachine::remember(uint64_t slot) {
  if (stack_.empty()) reject("the pickle stores from an empty stack");
  memo_[slot] = stack_.back();
}

void PickleMachine::recall(uint64_t slot) {
  const auto found = memo_.find(slot);
  if (found == memo_.end()) reject("the pickle reads an empty memo slot");
  stack_.push_back(found->second);
}

uint64_t PickleMachine::slot_of(const std::string& text) const {
  uint64_t slot = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slot);
  if (error != std::errc() || end != text.data() + text.size())
    reject("a memo slot of the pickle is not a number");
  return slot;
}

bool PickleMachine::step_container(unsigned char op) {
  switch (op) {
    case '(': marks_.push_back(stack_.size()); return true;
    case '0': (void)pop(); return true;
    case '1': (void)pop_mark(); return true;
    case '2': {
      const size_t place = pop();
      stack_.insert(stack_.end(), {place, place});
      return true;
    }
    case ')':
    case ']':
    case 0x8f: push({.kind = Kind::kTuple}); return true;
    case '}': push({.kind = Kind::kDictionary}); return true;
    case 't':
    case 'l':
    case 0x91: push({.kind = Kind::kTuple, .items = pop_mark()}); return true;
    case 0x85: push_tuple(1); return true;
    case 0x86: push_tuple(2); return true;
    case 0x87: push_tuple(3); return true;
    case 'a': {
      const size_t item = pop();
      append(Kind::kTuple, {item});
      return true;
    }
    case 'e':
    case 0x90: append(Kind::kTuple, pop_mark()); return true;
    case 's': {
      const size_t value = pop(), key = pop();
      append(Kind::kDictionary, {key, value});
      return true;
    }
    case 'd':
    case 'u': {
      const auto items = pop_mark();
      if (items.size() % 2 != 0) reject("the pickle has a key without a value");
      if (op == 'd') push({.kind = Kind::kDictionary});
      append(Kind::kDictionary, items);
      return true;
    }
    default: return false;
  }
}

bool PickleMachine::step_memo(unsigned char op) {
  switch (op) {
    case 'q': remember(number(1)); return true;
    case 'r': remember(number(4)); return true;
    case 'p': remember(slot_of(line())); return true;
    case 0x94: remember(memo_.size()); return true;
    case 'h': recall(number(1)); return true;
    case 'j': recall(number(4)); return true;
    case 'g': recall(slot_of(line())); return true;
    default: return false;
  }
}

bool PickleMachine::step_class(unsigned char op) {
  switch (op) {
    case 'c': {
      const std::string module = line();
      push_global(module, line());
      return true;
    }
    case 0x93: {
      const size_t name = pop(), module = pop();
      push_global(values_[module].text, values_[name].text);
      return true;
    }
    case 0x82: take(1); break;
    case 0x83: take(2); break;
    case 0x84: take(4); break;
    case 'P': (void)line(); break;
    case 'Q': push_persistent(); return true;
    case 'b': build(); return true;
    case 0x92: (void)pop(); [[fallthrough]];  // NEWOBJ_EX: keyword arguments
    case 'R':
    case 0x81: {
      const size_t arguments = pop(), callable = pop();
      construct(callable, values_[arguments].items);
      return true;
    }
    case 'o': {
      std::vector<size_t> arguments = pop_mark();
      if (arguments.empty()) reject("the pickle makes an object without a class");
      const size_t callable = arguments.front();
      arguments.erase(arguments.begin());
      construct(callable, arguments);
      return true;
    }
    case 'i': {
      const std::string module = line(), name = line();
      const std::vector<size_t> arguments = pop_mark();
      push_global(module, name);
      construct(pop(), arguments);
      return true;
    }
    default: return false;
  }
  push_object("a reference by number");
  return true;
}

void PickleMachine::step(unsigned char op) {
  if (step_number(op) || step_text(op) || step_container(op) || step_memo(op) || step_class(op))
    return;
  if (op == 0x80) {
    if (number(1) > 5) reject("the pickle's protocol is newer than 5");
  } else if (op == 0x95) {  // FRAME
    take(8);
  } else {
    reject(fmt::format("the pickle holds an unknown instruction, 0x{:02x}", op));
  }
}

}  // namespace tandem
