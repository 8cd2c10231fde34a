#include "io/unpickler.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "io/pickle_machine.h"
#include "io/utf8.h"

namespace tandem {
namespace {

using Kind = PickleValue::Kind;

// All that a state dict needs. None of them is called: each stands for what it would build.
constexpr std::array<std::string_view, 3> kBuilders = {"collections.OrderedDict",
                                                       "torch._utils._rebuild_tensor_v2",
                                                       "torch._utils._rebuild_parameter"};
constexpr std::array<std::string_view, 10> kStorages = {
    "torch.FloatStorage", "torch.HalfStorage", "torch.BFloat16Storage", "torch.DoubleStorage",
    "torch.LongStorage",  "torch.IntStorage",  "torch.ShortStorage",    "torch.CharStorage",
    "torch.ByteStorage",  "torch.BoolStorage"};

// The value of a text key in a dictionary; nothing when it is not there.
const PickleValue* entry(const PickleMachine& machine, const PickleValue& dictionary,
                         std::string_view key) {
  for (size_t i = 0; i + 1 < dictionary.items.size(); i += 2) {
    const PickleValue& each = machine.at(dictionary.items[i]);
    if (each.kind == Kind::kText && each.text == key) return &machine.at(dictionary.items[i + 1]);
  }
  return nullptr;
}

}  // namespace

void PickleMachine::push_global(const std::string& module, const std::string& name) {
  const std::string full = module + "." + name;
  const bool known = std::ranges::find(kBuilders, full) != kBuilders.end() ||
                     std::ranges::find(kStorages, full) != kStorages.end();
  if (!known)
    reject(
        fmt::format("the pickle asks for {}, which a state dict does not need", in_quotes(full)));
  push({.kind = Kind::kGlobal, .text = full});
}

// ("storage", its type, its key, a device, its number of elements)
void PickleMachine::push_persistent() {
  const PickleValue tuple = values_[pop()];
  const bool shaped = tuple.kind == Kind::kTuple && tuple.items.size() == 5;
  if (!shaped || values_[tuple.items[0]].text != "storage")
    reject("the pickle has an unknown reference");
  const PickleValue& type = want(tuple.items[1], Kind::kGlobal, "storage type");
  const PickleValue& key = want(tuple.items[2], Kind::kText, "storage key");
  const PickleValue& size = want(tuple.items[4], Kind::kInteger, "storage size");
  if (std::ranges::find(kStorages, type.text) == kStorages.end())
    reject("the pickle has an unknown storage type");
  push({.kind = Kind::kStorage,
        .integer = size.integer,
        .text = key.text,
        .storage_type = type.text.substr(std::string_view("torch.").size())});
}

// Attributes that PyTorch hangs on a state dict (_metadata); they are no tensors.
void PickleMachine::build() {
  if (values_[pop()].kind != Kind::kDictionary) reject("the pickle sets the state of an object");
  (void)top(Kind::kDictionary, "dictionary");
}

void PickleMachine::reduce() {
  const size_t arguments_at = pop(), callable_at = pop();
  const std::vector<size_t> arguments = want(arguments_at, Kind::kTuple, "argument list").items;
  const std::string callable = want(callable_at, Kind::kGlobal, "builder").text;
  if (callable == kBuilders[0]) {
    if (!arguments.empty()) reject("the pickle makes an OrderedDict of something");
    push({.kind = Kind::kDictionary});
  } else if (callable == kBuilders[1]) {
    PickledTensor tensor = rebuild(arguments);
    push({.kind = Kind::kTensor});
    tensors_.emplace(stack_.back(), std::move(tensor));
  } else if (callable == kBuilders[2]) {
    if (arguments.empty() || values_[arguments[0]].kind != Kind::kTensor)
      reject("a parameter is no tensor");
    stack_.push_back(arguments[0]);
  } else {
    reject(fmt::format("the pickle calls {}", in_quotes(callable)));
  }
}

std::vector<int64_t> PickleMachine::integers(size_t place, const char* what) const {
  std::vector<int64_t> result;
  for (const size_t item : want(place, Kind::kTuple, what).items)
    result.push_back(want(item, Kind::kInteger, what).integer);
  return result;
}

// (storage, offset, shape, strides, requires_grad, hooks)
PickledTensor PickleMachine::rebuild(const std::vector<size_t>& arguments) const {
  if (arguments.size() < 4) reject("a tensor has too few parts");
  const PickleValue& storage = want(arguments[0], Kind::kStorage, "storage");
  PickledTensor tensor{.storage = storage.text,
                       .storage_type = storage.storage_type,
                       .storage_size = storage.integer,
                       .offset = want(arguments[1], Kind::kInteger, "offset").integer,
                       .shape = integers(arguments[2], "shape"),
                       .strides = integers(arguments[3], "strides")};
  if (tensor.shape.size() != tensor.strides.size()) reject("a tensor's shape and strides disagree");
  return tensor;
}

std::map<std::string, PickledTensor> read_state_dict(std::string_view pickle,
                                                     const std::string& where) {
  PickleMachine machine(pickle, where);
  const PickleValue* dictionary = &machine.at(machine.run());
  if (dictionary->kind != Kind::kDictionary) machine.reject("the pickle holds no dictionary");
  if (const PickleValue* inner = entry(machine, *dictionary, "state_dict");
      inner && inner->kind == Kind::kDictionary)
    dictionary = inner;
  std::map<std::string, PickledTensor> result;
  for (size_t i = 0; i + 1 < dictionary->items.size(); i += 2) {
    const PickleValue& key = machine.at(dictionary->items[i]);
    if (key.kind != Kind::kText || !is_utf8(key.text)) machine.reject("a name is no text");
    if (machine.at(dictionary->items[i + 1]).kind != Kind::kTensor)
      machine.reject(fmt::format("entry {} is no tensor", in_quotes(key.text)));
    if (!result.emplace(key.text, machine.tensor(dictionary->items[i + 1])).second)
      machine.reject(fmt::format("entry {} is there twice", in_quotes(key.text)));
  }
  return result;
}

}  // namespace tandem
