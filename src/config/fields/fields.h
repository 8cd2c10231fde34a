#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "config/fields/enums.h"
#include "tandem/config/load.h"

namespace tandem::config {

/// An enum member of a config, seen through its table of names.
struct EnumTarget {
  std::vector<std::string> names;
  std::function<size_t()> get;  ///< Index into names; names.size() for a value without a name.
  std::function<void(size_t)> set;
};

/// The member that a field reads and writes.
using FieldTarget =
    std::variant<bool*, int64_t*, uint64_t*, double*, std::string*, std::vector<std::string>*,
                 std::vector<double>*, std::array<double, 3>*, std::optional<int64_t>*, EnumTarget>;

/// Accepted values: of a number, of each number in a list of them, of the length of a text or list
/// of texts.
struct Bounds {
  std::optional<double> min = {};    ///< Inclusive.
  std::optional<double> above = {};  ///< Exclusive.
  std::optional<double> max = {};    ///< Inclusive.
  std::optional<double> below = {};  ///< Exclusive.
};

/// What another value beside `pretrained` does to the weights that are read.
enum class OnPretrained {
  kFree,      ///< Nothing, or what was asked for.
  kReported,  ///< They compute something else: a warning.
  kFixed,     ///< They cannot be read: an error.
};

struct Field {
  std::string path;  ///< "optim.lr"
  FieldTarget target;
  std::string doc;
  Bounds bounds = {};
  std::vector<std::string> names = {};  ///< Of a text: the values allowed beside the empty one.
  bool takes_color = false;             ///< Of a text: #rrggbb is allowed beside `names`.
  bool is_path = false;                 ///< Of a text: a leading `~` is the user's home.
  OnResume on_resume = OnResume::kMayChange;
  OnPretrained on_pretrained = OnPretrained::kFree;
};

struct SectionInfo {
  std::string path;
  std::string doc;
  OnResume on_resume = OnResume::kMayChange;  ///< Of its fields, where they do not differ.
};

/// Every key of a configuration, bound to one instance of it, which must outlive the table. In the
/// order of the reference.
class FieldTable {
 public:
  void add_section(SectionInfo section);
  /// Returns the field in the table, valid until the next call.
  Field& add(Field field);

  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }
  [[nodiscard]] const std::vector<SectionInfo>& sections() const { return sections_; }
  [[nodiscard]] const Field* find(const std::string& path) const;
  [[nodiscard]] bool has_section(const std::string& path) const;
  /// Returns the names of the fields and sections that stand directly in `section`.
  [[nodiscard]] std::vector<std::string> keys_of(const std::string& section) const;

 private:
  std::vector<Field> fields_;
  std::vector<SectionInfo> sections_;
  std::unordered_map<std::string, size_t> index_;
};

/// Adds the fields of one section to a table. The fields that add() and add_path() return are valid
/// until the next one is added.
class Section {
 public:
  Section(FieldTable& table, SectionInfo info);
  Field& add(std::string_view name, FieldTarget target, std::string doc, Bounds bounds = {});
  /// A file or folder, or several joined by `::`; a leading `~` of each is the user's home.
  Field& add_path(std::string_view name, std::string* target, std::string doc, Bounds bounds = {});
  /// A text with a fixed choice of values, or empty.
  void add_name(std::string_view name, std::string* target, std::string doc,
                std::vector<std::string> names);
  /// A text that names a colour: one of `names`, #rrggbb, or empty.
  Field& add_color(std::string_view name, std::string* target, std::string doc,
                   std::vector<std::string> names);

 private:
  FieldTable& table_;
  SectionInfo info_;
};

[[nodiscard]] FieldTable field_table(RunConfig& config);
[[nodiscard]] FieldTable field_table(ModelConfig& config);
/// One source alone: its keys stand at the top.
[[nodiscard]] FieldTable field_table(SourceOptions& source);

void add_model_fields(FieldTable& table, ModelOptions& model);
void add_tokenizer_fields(FieldTable& table, TokenizerOptions& tokenizer);
void add_transform_fields(FieldTable& table, ImageTransformOptions& transform);
void add_source_fields(FieldTable& table, const SectionInfo& section, SourceOptions& source);
void add_data_fields(FieldTable& table, DataOptions& data);
void add_run_fields(FieldTable& table, RunOptions& run);
void add_task_fields(FieldTable& table, TaskOptions& task);
void add_training_fields(FieldTable& table, RunConfig& config);

/// Mark a field: see OnPretrained.
inline void reported(Field& field) { field.on_pretrained = OnPretrained::kReported; }
inline void fixed(Field& field) { field.on_pretrained = OnPretrained::kFixed; }

/// Returns "section.name", or the name alone at the top.
[[nodiscard]] std::string join_path(std::string_view section, std::string_view name);

[[nodiscard]] inline Bounds at_least(double min) { return {.min = min}; }
[[nodiscard]] inline Bounds above(double limit) { return {.above = limit}; }
[[nodiscard]] inline Bounds between(double min, double max) { return {.min = min, .max = max}; }

template <typename E, size_t N>
[[nodiscard]] EnumTarget choice(E* member, const Spelling<E> (&table)[N]) {
  EnumTarget target;
  for (const auto& each : table) target.names.emplace_back(each.name);
  target.get = [member, &table] {
    size_t index = 0;
    while (index < N && table[index].value != *member) ++index;
    return index;
  };
  target.set = [member, &table](size_t index) { *member = table[index].value; };
  return target;
}

}  // namespace tandem::config
