#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/unpickler.h"

namespace tandem {

/// Runs the instructions of a pickle that only build data. Names of classes become values; nothing
/// is imported or called.
class PickleMachine {
 public:
  PickleMachine(std::string_view code, const std::string& where) : code_(code), where_(where) {}

  /// Runs to STOP and returns the place of the result.
  size_t run();
  [[nodiscard]] const PickleValue& at(size_t place) const { return values_[place]; }
  [[nodiscard]] const PickledTensor& tensor(size_t place) const { return tensors_.at(place); }

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
  PickleValue& top(PickleValue::Kind kind, const char* what);
  const PickleValue& want(size_t place, PickleValue::Kind kind, const char* what) const;

  void step(unsigned char op);
  bool step_number(unsigned char op);
  bool step_container(unsigned char op);
  void push_global(const std::string& module, const std::string& name);
  void push_persistent();
  void build();
  void reduce();
  PickledTensor rebuild(const std::vector<size_t>& arguments) const;
  std::vector<int64_t> integers(size_t place, const char* what) const;

  std::string_view code_;
  const std::string& where_;
  uint64_t at_ = 0;
  std::deque<PickleValue> values_;
  std::vector<size_t> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, size_t> memo_;
  std::unordered_map<size_t, PickledTensor> tensors_;
};

}  // namespace tandem
