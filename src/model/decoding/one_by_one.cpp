#include "model/decoding/one_by_one.h"

#include <utility>

#include <torch/utils.h>

#include "model/decoding/token_rules.h"
#include "tandem/core/random.h"

namespace tandem {
namespace {

// A text that is not finished.
struct OpenText {
  size_t image = 0;     // Of the batch.
  uint64_t number = 0;  // What its draws follow from.
  double log_probability = 0.0;
};

// The place, among probabilities in falling order, that `draw` in [0, 1) falls on when only the
// first ones that sum to top_p count.
int64_t place_in_nucleus(const float* probabilities, int64_t count, double top_p, double draw) {
  double sum = 0.0;
  int64_t size = 0;
  while (size < count && sum < top_p) sum += static_cast<double>(probabilities[size++]);
  double rest = draw * sum;
  for (int64_t place = 0; place + 1 < size; ++place) {
    rest -= static_cast<double>(probabilities[place]);
    if (rest < 0.0) return place;
  }
  return size - 1;
}

// One token for each row of scores [R, V], drawn by image and position.
torch::Tensor draw_tokens(const torch::Tensor& scores, const std::vector<OpenText>& open,
                          const GenerationOptions& options, uint64_t position) {
  const auto [sorted, order] =
      (scores / options.temperature)
          .softmax(1)
          .sort(/*stable=*/std::optional<bool>(true), /*dim=*/1, /*descending=*/true);
  const torch::Tensor probabilities = sorted.to(torch::kCPU).contiguous();
  torch::Tensor places = torch::empty({scores.size(0), 1}, torch::kInt64);
  for (int64_t row = 0; row < scores.size(0); ++row) {
    const uint64_t number = open[static_cast<size_t>(row)].number;
    const double draw = Random(mix_seed({options.seed, number, position})).uniform();
    places[row][0] =
        place_in_nucleus(probabilities.const_data_ptr<float>() + row * probabilities.size(1),
                         probabilities.size(1), options.top_p, draw);
  }
  return order.gather(1, places.to(order.device())).squeeze(1);  // [R]
}

class OneByOne {
 public:
  OneByOne(TextDecoder decoder, const torch::Tensor& image_states, const GenerationOptions& options,
           const std::vector<int64_t>& numbers)
      : decoder_(std::move(decoder)),
        options_(options),
        device_(image_states.device()),
        eos_id_(decoder_->options().eos_id),
        results_(static_cast<size_t>(image_states.size(0))),
        texts_(results_.size(), first_tokens(options, decoder_->options().bos_id)),
        cache_(decoder_->start(image_states)) {
    for (size_t b = 0; b < results_.size(); ++b)
      open_.push_back(
          {.image = b, .number = numbers.empty() ? b : static_cast<uint64_t>(numbers[b])});
  }

  std::vector<GeneratedText> run() {
    for (int64_t step = 0; step < options_.max_new_tokens && !open_.empty(); ++step) {
      append(next_tokens(step));
      keep_open(finish(step + 1 == options_.max_new_tokens));
    }
    return std::move(results_);
  }

 private:
  // The next token of each text, int64 [R] on the CPU; adds up its log-probability.
  torch::Tensor next_tokens(int64_t step) {
    const size_t first = step == 0 ? 0 : texts_.front().size() - 1;
    torch::Tensor scores =
        decoder_->logits(decoder_->step(ids_of_texts(texts_, first, device_), cache_))
            .to(torch::kFloat32);
    const torch::Tensor log_probabilities = scores.log_softmax(1);
    apply_token_rules(scores, texts_, options_, eos_id_);
    const torch::Tensor next =
        options_.strategy == DecodingStrategy::kGreedy
            ? scores.argmax(1)
            : draw_tokens(scores, open_, options_, static_cast<uint64_t>(step));
    const torch::Tensor chosen =
        log_probabilities.gather(1, next.unsqueeze(1)).to(torch::kCPU, torch::kFloat64);
    for (size_t row = 0; row < open_.size(); ++row)
      open_[row].log_probability += chosen.const_data_ptr<double>()[row];
    return next.to(torch::kCPU);
  }

  void append(const torch::Tensor& tokens) {
    for (size_t row = 0; row < texts_.size(); ++row)
      texts_[row].push_back(static_cast<int32_t>(tokens.const_data_ptr<int64_t>()[row]));
  }

  // Stores the texts that have ended, or all. Returns the rows of the others.
  std::vector<int64_t> finish(bool all) {
    std::vector<int64_t> kept;
    for (size_t row = 0; row < open_.size(); ++row) {
      if (texts_[row].back() != eos_id_ && !all) {
        kept.push_back(static_cast<int64_t>(row));
        continue;
      }
      results_[open_[row].image] =
          finished_text(texts_[row], open_[row].log_probability, options_, eos_id_);
    }
    return kept;
  }

  void keep_open(const std::vector<int64_t>& rows) {
    if (rows.size() == open_.size()) return;
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto from = static_cast<size_t>(rows[i]);
      open_[i] = open_[from];
      if (i != from) texts_[i] = std::move(texts_[from]);
    }
    open_.resize(rows.size());
    texts_.resize(rows.size());
    const torch::Tensor index = torch::tensor(rows, torch::kInt64).to(device_);
    cache_.select_past(index);
    cache_.select_contexts(index);
  }

  TextDecoder decoder_;
  const GenerationOptions& options_;
  torch::Device device_;
  int64_t eos_id_;
  std::vector<GeneratedText> results_;
  std::vector<OpenText> open_;    // One for each row of the cache,
  std::vector<TextSoFar> texts_;  // and its ids.
  DecodingCache cache_;
};

}  // namespace

std::vector<GeneratedText> generate_one_by_one(TextDecoder decoder,
                                               const torch::Tensor& image_states,
                                               const GenerationOptions& options,
                                               const std::vector<int64_t>& numbers) {
  return OneByOne(std::move(decoder), image_states, options, numbers).run();
}

}  // namespace tandem
