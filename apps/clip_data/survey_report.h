#pragma once

#include <string>

#include "clip_data/arguments.h"

namespace tandem::apps {

struct SurveyArguments {
  DataArguments data;
  std::string format = "text";
};

/// Decodes every sample and prints what is wrong, repeated and how it is spread. Returns 65 when
/// more than data.max_bad_ratio of the samples are invalid.
[[nodiscard]] int run_check(const SurveyArguments& arguments);

/// The same for captions and classes alone, without opening images. Returns 0.
[[nodiscard]] int run_stats(const SurveyArguments& arguments);

}  // namespace tandem::apps
