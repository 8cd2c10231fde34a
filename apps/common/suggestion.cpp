#include "common/suggestion.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::apps {
namespace {

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  const auto add = [&](const CLI::App* each) {
    for (const CLI::Option* option : each->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  };
  add(&app);
  for (const CLI::App* verb : app.get_subcommands()) add(verb);
  return names;
}

// Insertions, deletions and replacements that turn `a` into `b`.
size_t edits(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// Whether `name` is `whole` with letters left out, as --cfg is --config.
bool abbreviates(std::string_view name, std::string_view whole) {
  size_t at = 0;
  for (const char letter : whole)
    if (at < name.size() && name[at] == letter) ++at;
  return at == name.size();
}

}  // namespace

std::string unknown_option(const CLI::App& app) {
  const std::vector<std::string> names = options_of(app);
  for (const std::string& word : app.remaining(true)) {
    const std::string name = word.substr(0, word.find('='));
    if (name.size() > 1 && name[0] == '-' && name != "--" &&
        std::find(names.begin(), names.end(), name) == names.end())
      return name;
  }
  return {};
}

std::string nearest_option(const CLI::App& app, const std::string& name) {
  std::string best;
  size_t fewest = std::string::npos;
  for (const std::string& each : options_of(app)) {
    const size_t distance = edits(name, each);
    const bool near = distance <= std::max<size_t>(2, name.size() / 3) || abbreviates(name, each);
    if (!near || distance >= fewest) continue;
    best = each;
    fewest = distance;
  }
  return best;
}

}  // namespace tandem::apps
