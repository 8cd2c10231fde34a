#pragma once

#include <string>
#include <vector>

#include "tandem/config/load.h"

namespace tandem {

/// A configuration that is valid, and the members of which stand on line 1; `more` starts line 2.
inline std::string config_with(const std::string& more = "") {
  return R"({"tokenizer": {"train_vocab_size": 256}, "data": {"train": {"kind": "shapes"}})" +
         (more.empty() ? std::string() : ",\n" + more) + "}";
}

/// The same with settings on top.
inline RunConfig parse_with(const std::vector<std::string>& overrides) {
  return parse_run_config(config_with(), overrides, "run.json");
}

}  // namespace tandem
