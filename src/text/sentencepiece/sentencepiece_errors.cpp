#include "text/sentencepiece/sentencepiece_errors.h"

#include <sentencepiece_trainer.h>

#include "tandem/core/error.h"

namespace tandem {

void silence_sentencepiece() {
  // The level has no public setter: a training that has no input takes its option and stops there.
  [[maybe_unused]] static const bool done = [] {
    std::string unused;
    return sentencepiece::SentencePieceTrainer::Train({{"minloglevel", "3"}},
                                                      std::vector<std::string>{}, &unused)
        .ok();
  }();
}

void require_ok(const sentencepiece::util::Status& status, const std::string& doing) {
  if (status.ok()) return;
  // `Internal: src/file.cc(590) [condition] words`: the place in its source tells a user nothing.
  std::string words = status.error_message();
  if (const size_t end = words.find("] "); end != std::string::npos) words.erase(0, end + 2);
  throw Error(ErrorKind::kInternal, {.what = doing + " failed", .found = words});
}

}  // namespace tandem
