#include "common/suggestion.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "tandem/core/text.h"

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
    const size_t distance = edit_distance(name, each);
    const bool near = distance <= std::max<size_t>(2, name.size() / 3) || abbreviates(name, each);
    if (!near || distance >= fewest) continue;
    best = each;
    fewest = distance;
  }
  return best;
}

}  // namespace tandem::apps
