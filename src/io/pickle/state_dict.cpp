// Finds the state dict among all that a checkpoint holds.
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/files/utf8.h"
#include "io/pickle/pickle_machine.h"

namespace tandem {
namespace {

using Kind = PickleValue::Kind;

constexpr int kMaxDepth = 64;
constexpr size_t kMaxVisits = 10'000'000;
constexpr size_t kListed = 12;

// Where trainers keep the weights in a checkpoint; the first that is there counts.
constexpr std::array<std::string_view, 12> kNestings = {
    "state_dict", "model_state_dict", "model_state", "model",  "model_weights", "module",
    "net",        "network",          "weights",     "params", "clip",          "clip_model"};

/// Reads what PickleMachine has built.
class StateDictFinder {
 public:
  explicit StateDictFinder(const PickleMachine& machine) : machine_(machine) {}

  PickledStateDict find(const PickleValue& top) {
    const PickleValue* value = &top;
    for (int depth = 0; depth < kMaxDepth; ++depth) {
      if (value->kind == Kind::kObject && state_of(*value)) {
        collect_module(*value, "", 0);
        if (found_.tensors.empty())
          machine_.reject(fmt::format("the file holds an object of {} without weights",
                                      in_quotes(value->text)));
        return std::move(found_);
      }
      if (value->kind != Kind::kDictionary)
        machine_.reject("the pickle does not hold a dictionary");
      const PickleValue* inner = nested(*value);
      if (!inner) {
        collect(*value);
        return std::move(found_);
      }
      value = inner;
    }
    machine_.reject("the weights are nested too deeply");
  }

 private:
  // Calls visit(key, value) for each entry with a text as its key.
  template <typename Visit>
  void each_entry(const PickleValue& dictionary, Visit visit) const {
    for (size_t i = 0; i + 1 < dictionary.items.size(); i += 2) {
      const PickleValue& key = machine_.at(dictionary.items[i]);
      if (key.kind == Kind::kText) visit(key.text, dictionary.items[i + 1]);
    }
  }

  [[nodiscard]] const PickleValue* state_of(const PickleValue& object) const {
    return object.items.empty() ? nullptr : &machine_.at(object.items[0]);
  }

  void count_visit() {
    if (++visits_ > kMaxVisits) machine_.reject("the pickle is too recursive");
  }

  // Whether it is a module that was saved whole, or a dictionary with tensors in it.
  bool holds_tensors(const PickleValue& value, int depth) {
    const PickleValue* dictionary = value.kind == Kind::kObject ? state_of(value) : &value;
    if (!dictionary || dictionary->kind != Kind::kDictionary || depth == 0) return false;
    for (size_t i = 0; i + 1 < dictionary->items.size(); i += 2) {
      count_visit();
      const PickleValue& key = machine_.at(dictionary->items[i]);
      if (key.kind != Kind::kText) continue;
      const PickleValue& each = machine_.at(dictionary->items[i + 1]);
      const bool found = value.kind == Kind::kObject
                             ? key.text == "_modules" || key.text == "_parameters"
                             : each.kind == Kind::kTensor || holds_tensors(each, depth - 1);
      if (found) return true;
    }
    return false;
  }

  // The entry to look into, or null when the tensors are in `dictionary` itself.
  const PickleValue* nested(const PickleValue& dictionary) {
    std::map<std::string, size_t> inner;
    bool direct = false;
    each_entry(dictionary, [&](const std::string& key, size_t place) {
      direct = direct || machine_.at(place).kind == Kind::kTensor;
      const bool optimizer = key.find("optim") != std::string::npos;
      if (!optimizer && holds_tensors(machine_.at(place), 4)) inner[key] = place;
    });
    const auto name = std::ranges::find_if(
        kNestings, [&](std::string_view each) { return inner.contains(std::string(each)); });
    if (name != kNestings.end()) return enter(dictionary, std::string(*name), inner);
    if (direct) return nullptr;
    std::vector<std::string> names;
    for (const auto& [key, place] : inner) names.push_back(in_quotes(key));
    if (names.size() == 1) return enter(dictionary, inner.begin()->first, inner);
    if (names.empty()) refuse_without_tensors(dictionary);
    machine_.reject(fmt::format("several entries hold weights, and none is called state_dict: {}",
                                fmt::join(names, ", ")));
  }

  const PickleValue* enter(const PickleValue& dictionary, const std::string& name,
                           const std::map<std::string, size_t>& inner) {
    found_.entry += (found_.entry.empty() ? "" : ".") + name;
    each_entry(dictionary, [&](const std::string& key, size_t) {
      if (key != name && found_.left_out.size() < kListed) found_.left_out.push_back(key);
    });
    return &machine_.at(inner.at(name));
  }

  [[noreturn]] void refuse_without_tensors(const PickleValue& dictionary) const {
    std::vector<std::string> names;
    each_entry(dictionary, [&](const std::string& key, size_t) {
      if (names.size() < kListed) names.push_back(in_quotes(key));
    });
    machine_.reject(names.empty() ? std::string("the file holds no tensors")
                                  : fmt::format("the file holds no state dict, only {}",
                                                fmt::join(names, ", ")));
  }

  void add(const std::string& name, size_t place) {
    const PickleValue& value = machine_.at(place);
    if (!is_utf8(name)) machine_.reject("a name is not UTF-8");
    if (value.kind != Kind::kTensor) {
      found_.unread.emplace(
          name, value.kind == Kind::kObject ? "made by " + in_quotes(value.text) : "no tensor");
    } else if (!found_.tensors.emplace(name, machine_.tensor(place)).second) {
      machine_.reject(fmt::format("entry {} appears twice", in_quotes(name)));
    }
  }

  void collect(const PickleValue& dictionary) {
    for (size_t i = 0; i + 1 < dictionary.items.size(); i += 2) {
      const PickleValue& key = machine_.at(dictionary.items[i]);
      if (key.kind != Kind::kText) machine_.reject("a name is not a string");
      add(key.text, dictionary.items[i + 1]);
    }
  }

  // A module that was saved whole: TorchScript's keeps parameters and modules as attributes,
  // Python's below _parameters, _buffers and _modules.
  void collect_module(const PickleValue& object, const std::string& prefix, int depth) {
    const PickleValue* state = state_of(object);
    if (!state || state->kind != Kind::kDictionary) return;
    count_visit();
    if (depth > kMaxDepth) machine_.reject("modules are nested too deeply");
    bool python = false;
    each_entry(*state,
               [&](const std::string& key, size_t) { python = python || key == "_modules"; });
    const auto visit = [&](const std::string& key, size_t place) {
      const PickleValue& value = machine_.at(place);
      if (value.kind == Kind::kTensor) add(prefix + key, place);
      if (value.kind == Kind::kObject) collect_module(value, prefix + key + ".", depth + 1);
    };
    each_entry(*state, [&](const std::string& key, size_t place) {
      if (!python) return visit(key, place);
      if (key == "_parameters" || key == "_buffers" || key == "_modules")
        each_entry(machine_.at(place), visit);
    });
  }

  const PickleMachine& machine_;
  PickledStateDict found_;
  size_t visits_ = 0;
};

}  // namespace

PickledStateDict read_state_dict(std::string_view pickle, const std::string& where) {
  PickleMachine machine(pickle, where);
  const size_t top = machine.run();
  PickledStateDict result = StateDictFinder(machine).find(machine.at(top));
  result.storages = machine.storages();
  result.bytes = machine.end();
  return result;
}

std::pair<std::vector<std::string>, uint64_t> read_text_list(std::string_view pickle,
                                                             const std::string& where) {
  PickleMachine machine(pickle, where);
  std::vector<std::string> texts;
  for (const size_t item : machine.at(machine.run()).items) texts.push_back(machine.at(item).text);
  return {texts, machine.end()};
}

uint64_t skip_pickle(std::string_view pickle, const std::string& where) {
  PickleMachine machine(pickle, where);
  (void)machine.run();
  return machine.end();
}

}  // namespace tandem
