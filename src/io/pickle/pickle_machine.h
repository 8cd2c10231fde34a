#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/pickle/unpickler.h"

namespace tandem {

/// Runs the instructions of a pickle, of any protocol, as far as they build data. Nothing is
/// imported or called: a class that the reader does not know becomes an object without contents.
class PickleMachine {
 public:
  PickleMachine(std::string_view code, const std::string& where) : code_(code), where_(where) {}

  /// Runs to STOP and returns the place of the result.
  size_t run();
  [[nodiscard]] const PickleValue& at(size_t place) const { return values_[place]; }
  [[nodiscard]] const PickledTensor& tensor(size_t place) const { return tensors_.at(place); }

  /// Type and number of elements of every storage that was named, by key.
  [[nodiscard]] const std::map<std::string, std::pair<std::string, int64_t>>& storages() const {
    return storages_;
  }
  /// Bytes of the pickle, once run() has returned.
  [[nodiscard]] uint64_t end() const { return at_; }

  [[noreturn]] void reject(const std::string& what) const;

 private:
  std::string_view take(uint64_t bytes);
  uint64_t number(size_t bytes);
  std::string line();

  void push(PickleValue value);
  size_t pop();
  // What was pushed since the last mark.
  std::vector<size_t> pop_mark();
  void push_tuple(size_t count);
  const PickleValue& want(size_t place, PickleValue::Kind kind, const char* what) const;

  void append(PickleValue::Kind kind, const std::vector<size_t>& items);
  void push_text(uint64_t bytes);
  void push_object(std::string text);
  void push_long(uint64_t bytes);
  void remember(uint64_t slot);
  void recall(uint64_t slot);
  uint64_t slot_of(const std::string& text) const;

  void step(unsigned char op);
  bool step_number(unsigned char op);
  bool step_text(unsigned char op);
  bool step_container(unsigned char op);
  bool step_memo(unsigned char op);
  bool step_class(unsigned char op);
  void push_global(const std::string& module, const std::string& name);
  void push_persistent();
  void build();
  void construct(size_t callable, const std::vector<size_t>& arguments);
  void push_dictionary(const std::vector<size_t>& arguments);
  void rebuild_typed(const std::vector<size_t>& arguments);
  PickledTensor rebuild(const std::vector<size_t>& arguments) const;
  std::vector<int64_t> integers(size_t place, const char* what) const;

  std::string_view code_;
  const std::string& where_;
  uint64_t at_ = 0;
  uint64_t spent_ = 0;  // values and items made so far
  std::deque<PickleValue> values_;
  std::vector<size_t> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, size_t> memo_;
  std::unordered_map<size_t, PickledTensor> tensors_;
  std::map<std::string, std::pair<std::string, int64_t>> storages_;
};

}  // namespace tandem
