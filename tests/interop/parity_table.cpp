#include "interop/parity_table.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

struct Column {
  const char* stage;
  const char* title;
};
// Stages of one title share a column, whose worst counts.
constexpr std::array<Column, 8> kColumns = {{{"text_states", "text states"},
                                             {"image_states", "image states"},
                                             {"text_features", "features"},
                                             {"image_features", "features"},
                                             {"text_embeddings", "embeddings"},
                                             {"image_embeddings", "embeddings"},
                                             {"logits_per_image", "logits"},
                                             {"gradients", "gradients"}}};
constexpr std::array<const char*, 6> kTitles = {"text states", "image states", "features",
                                                "embeddings",  "logits",       "gradients"};

using Row = std::map<std::string, double>;

std::map<std::string, Row>& table() {
  static std::map<std::string, Row> rows;
  return rows;
}

std::string line(const std::string& family, const Row& row) {
  std::string text = fmt::format("| {} |", family);
  for (const char* title : kTitles) {
    const auto found = row.find(title);
    text += found == row.end() ? " – |" : fmt::format(" {:.1e} |", found->second);
  }
  return text + "\n";
}

class Printer : public testing::Environment {
 public:
  void TearDown() override {
    if (std::getenv("TANDEM_REPORT") == nullptr) return;
    for (const auto& [family, row] : table()) std::cout << line(family, row);
  }
};

// Owned by googletest.
[[maybe_unused]] const testing::Environment* const kPrinter =
    testing::AddGlobalTestEnvironment(new Printer);

}  // namespace

void note_difference(const std::string& family, const std::string& stage, double difference) {
  const auto* const column =
      std::ranges::find_if(kColumns, [&](const Column& each) { return each.stage == stage; });
  if (column == kColumns.end()) throw std::out_of_range(stage);
  double& worst = table()[family][column->title];
  worst = std::max(worst, difference);
}

}  // namespace tandem
