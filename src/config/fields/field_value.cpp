#include "config/fields/field_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include <fmt/format.h>

#include "config/json/names.h"
#include "config/json/strings.h"
#include "config/presets/presets.h"
#include "tandem/core/files.h"

namespace tandem::config {
namespace {

template <typename... Visitors>
struct Visitor : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Visitor(Visitors...) -> Visitor<Visitors...>;

bool is_inside(double value, const Bounds& bounds) {
  return std::isfinite(value) && !(bounds.min && value < *bounds.min) &&
         !(bounds.above && value <= *bounds.above) && !(bounds.max && value > *bounds.max) &&
         !(bounds.below && value >= *bounds.below);
}

std::string show_bounds(const Bounds& bounds) {
  if (bounds.min && bounds.max && *bounds.min == *bounds.max) return fmt::format("{}", *bounds.min);
  std::vector<std::string> parts;
  if (bounds.min) parts.push_back(fmt::format("at least {}", *bounds.min));
  if (bounds.above) parts.push_back(fmt::format("above {}", *bounds.above));
  if (bounds.max) parts.push_back(fmt::format("at most {}", *bounds.max));
  if (bounds.below) parts.push_back(fmt::format("below {}", *bounds.below));
  return join(parts, " and ");
}

std::string with_bounds(const std::string& what, const Bounds& bounds) {
  const std::string shown = show_bounds(bounds);
  return shown.empty() ? what : what + " " + shown;
}

std::string with_length(const std::string& what, const Bounds& bounds, const char* unit) {
  const std::string shown = show_bounds(bounds);
  return shown.empty() ? what : fmt::format("{} of {} {}", what, shown, unit);
}

template <typename Number>
std::optional<Number> parse_number(const std::string& literal) {
  Number number{};
  const auto [end, error] =
      std::from_chars(literal.data(), literal.data() + literal.size(), number);
  if (error != std::errc() || end != literal.data() + literal.size()) return std::nullopt;
  return number;
}

std::string mismatch(const Field& field, const JsonValue& value) {
  std::string text = fmt::format("expected {}, found {}", expected_value(field), show_json(value));
  if (value.kind == JsonKind::kNull) text += "; leave the key out to keep its default";
  const bool whole = std::holds_alternative<int64_t*>(field.target) ||
                     std::holds_alternative<uint64_t*>(field.target) ||
                     std::holds_alternative<std::optional<int64_t>*>(field.target);
  if (whole && value.kind == JsonKind::kNumber) {
    const double number = parse_number<double>(value.text).value_or(0.5);
    if (std::abs(number) < 1e15 && number == std::floor(number) &&
        !parse_number<int64_t>(value.text))
      text += fmt::format("; write {:.0f}", number);
  }
  return text;
}

std::string suggestion(const std::string& name, const std::vector<std::string>& names) {
  const auto nearest = nearest_name(name, names);
  return nearest ? fmt::format("; did you mean {}?", quote_json(*nearest)) : "";
}

bool is_named(const Field& field, const std::string& text) {
  return field.names.empty() || text.empty() || (field.takes_color && is_hex_color(text)) ||
         std::find(field.names.begin(), field.names.end(), text) != field.names.end();
}

bool is_good_text(const Field& field, const std::string& text) {
  return is_named(field, text) && is_inside(static_cast<double>(text.size()), field.bounds);
}

/// Expands the home at the front of every part of a list joined by `::`.
std::string expand_homes(std::string_view list) {
  std::string expanded;
  for (size_t at = list.find("::"); at != std::string_view::npos; at = list.find("::")) {
    expanded += expand_home(list.substr(0, at)) + "::";
    list.remove_prefix(at + 2);
  }
  return expanded + expand_home(list);
}

/// Reads one JSON value into whichever member the field has; false says that it does not fit.
struct Assigner {
  const Field& field;
  const JsonValue& value;

  bool operator()(bool* target) const {
    if (value.kind != JsonKind::kBool) return false;
    *target = value.text == "true";
    return true;
  }

  bool operator()(int64_t* target) const { return assign_number(value, target); }
  bool operator()(double* target) const { return assign_number(value, target); }

  bool operator()(uint64_t* target) const {
    if (value.kind != JsonKind::kNumber) return false;
    const auto number = parse_number<uint64_t>(value.text);
    if (!number) return false;
    *target = *number;
    return true;
  }

  bool operator()(std::optional<int64_t>* target) const {
    int64_t number = 0;
    if (!assign_number(value, &number)) return false;
    *target = number;
    return true;
  }

  bool operator()(std::string* target) const {
    if (value.kind != JsonKind::kString || !is_good_text(field, value.text)) return false;
    *target = field.is_path ? expand_homes(value.text) : value.text;
    return true;
  }

  bool operator()(std::vector<std::string>* target) const {
    if (value.kind != JsonKind::kArray) return false;
    if (!is_inside(static_cast<double>(value.items.size()), field.bounds)) return false;
    std::vector<std::string> texts;
    for (const JsonValue& item : value.items) {
      if (item.kind != JsonKind::kString) return false;
      texts.push_back(item.text);
    }
    *target = std::move(texts);
    return true;
  }

  bool operator()(std::vector<double>* target) const {
    if (value.kind != JsonKind::kArray) return false;
    std::vector<double> numbers(value.items.size());
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (!assign_number(value.items[i], &numbers[i])) return false;
    }
    *target = std::move(numbers);
    return true;
  }

  bool operator()(std::array<double, 3>* target) const {
    if (value.kind != JsonKind::kArray || value.items.size() != target->size()) return false;
    std::array<double, 3> numbers{};
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (!assign_number(value.items[i], &numbers[i])) return false;
    }
    *target = numbers;
    return true;
  }

  bool operator()(const EnumTarget& target) const {
    if (value.kind != JsonKind::kString) return false;
    const auto found = std::find(target.names.begin(), target.names.end(), value.text);
    if (found == target.names.end()) return false;
    target.set(static_cast<size_t>(found - target.names.begin()));
    return true;
  }

 private:
  template <typename Number>
  bool assign_number(const JsonValue& source, Number* target) const {
    if (source.kind != JsonKind::kNumber) return false;
    const auto number = parse_number<Number>(source.text);
    if (!number || !is_inside(static_cast<double>(*number), field.bounds)) return false;
    *target = *number;
    return true;
  }
};

std::string number_text(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : "null";
}

std::string list_text(const std::vector<std::string>& parts) {
  return "[" + join(parts, ", ") + "]";
}

}  // namespace

std::string expected_value(const Field& field) {
  const Bounds& bounds = field.bounds;
  const auto whole = [&] { return with_bounds("a whole number", bounds); };
  return std::visit(
      Visitor{
          [](bool*) -> std::string { return "true or false"; },
          [&](int64_t*) { return whole(); },
          [&](std::optional<int64_t>*) { return whole(); },
          [](uint64_t*) -> std::string { return "a whole number from 0 to 2^64 - 1"; },
          [&](double*) { return with_bounds("a number", bounds); },
          [&](std::string*) {
            if (!field.names.empty())
              return "one of " + join(field.names, ", ") +
                     (field.takes_color ? ", or a colour #rrggbb" : "");
            return with_length(field.is_path ? "a path" : "a text", bounds, "characters");
          },
          [&](std::vector<std::string>*) {
            return with_length("a list of texts such as [\"a\", \"b\"]", bounds, "entries");
          },
          [&](std::vector<double>*) { return with_bounds("a list of numbers", bounds); },
          [&](std::array<double, 3>*) { return with_bounds("a list of three numbers", bounds); },
          [](const EnumTarget& target) { return "one of " + join(target.names, ", "); },
      },
      field.target);
}

std::string value_text(const Field& field) {
  return std::visit(
      Visitor{
          [](bool* value) -> std::string { return *value ? "true" : "false"; },
          [](int64_t* value) { return fmt::format("{}", *value); },
          [](uint64_t* value) { return fmt::format("{}", *value); },
          [](std::optional<int64_t>* value) { return *value ? fmt::format("{}", **value) : ""; },
          [](double* value) { return number_text(*value); },
          [](std::string* value) { return quote_json(*value); },
          [](std::vector<std::string>* value) {
            std::vector<std::string> parts;
            for (const std::string& each : *value) parts.push_back(quote_json(each));
            return list_text(parts);
          },
          [](std::vector<double>* value) {
            std::vector<std::string> parts;
            for (const double each : *value) parts.push_back(number_text(each));
            return list_text(parts);
          },
          [](std::array<double, 3>* value) {
            return list_text(
                {number_text((*value)[0]), number_text((*value)[1]), number_text((*value)[2])});
          },
          [](const EnumTarget& target) {
            const size_t index = target.get();
            return quote_json(index < target.names.size() ? target.names[index] : "?");
          },
      },
      field.target);
}

std::optional<std::string> assign(const Field& field, const JsonValue& value) {
  if (std::visit(Assigner{field, value}, field.target)) return std::nullopt;
  std::string text = mismatch(field, value);
  if (value.kind == JsonKind::kString) {
    const auto* target = std::get_if<EnumTarget>(&field.target);
    text += suggestion(value.text, target != nullptr ? target->names : field.names);
  }
  return text;
}

std::optional<std::string> check_value(const Field& field) {
  const Bounds& bounds = field.bounds;
  const auto is_number_good = [&](double value) { return is_inside(value, bounds); };
  const bool good = std::visit(
      Visitor{
          [](bool*) { return true; },
          [](uint64_t*) { return true; },
          [&](int64_t* value) { return is_number_good(static_cast<double>(*value)); },
          [&](std::optional<int64_t>* value) {
            return !*value || is_number_good(static_cast<double>(**value));
          },
          [&](double* value) { return is_number_good(*value); },
          [&](std::string* value) { return is_utf8(*value) && is_good_text(field, *value); },
          [&](std::vector<std::string>* value) {
            return is_number_good(static_cast<double>(value->size())) &&
                   std::all_of(value->begin(), value->end(), is_utf8);
          },
          [&](std::vector<double>* value) {
            return std::all_of(value->begin(), value->end(), is_number_good);
          },
          [&](std::array<double, 3>* value) {
            return std::all_of(value->begin(), value->end(), is_number_good);
          },
          [](const EnumTarget& target) { return target.get() < target.names.size(); },
      },
      field.target);
  if (good) return std::nullopt;
  return fmt::format("expected {}, found {}", expected_value(field), value_text(field));
}

}  // namespace tandem::config
