#include "model/decoding/beam_search.h"

#include <algorithm>
#include <utility>

#include <torch/utils.h>

#include "model/decoding/token_rules.h"

namespace tandem {
namespace {

struct Beam {
  TextSoFar text;
  float log_probability = 0.0F;
  int64_t row = 0;  // In the cache, of the text without its last token.
};

struct FinishedBeam {
  TextSoFar text;
  float log_probability = 0.0F;
  float score = 0.0F;
};

// The search for the text of one image.
struct ImageSearch {
  size_t image = 0;
  std::vector<Beam> beams = {};             // In falling order; as many for every image.
  std::vector<FinishedBeam> finished = {};  // In falling order of the score, `beams` at most.
};

void insert_finished(ImageSearch& search, FinishedBeam beam, size_t most) {
  const auto after = std::ranges::find_if(
      search.finished, [&](const FinishedBeam& each) { return each.score < beam.score; });
  search.finished.insert(after, std::move(beam));
  if (search.finished.size() > most) search.finished.pop_back();
}

class BeamSearch {
 public:
  BeamSearch(TextDecoder decoder, const torch::Tensor& image_states,
             const GenerationOptions& options)
      : decoder_(std::move(decoder)),
        options_(options),
        device_(image_states.device()),
        eos_id_(decoder_->options().eos_id),
        width_(static_cast<size_t>(options.beams)),
        results_(static_cast<size_t>(image_states.size(0))),
        cache_(decoder_->start(image_states)) {
    const TextSoFar start = first_tokens(options, decoder_->options().bos_id);
    for (size_t b = 0; b < results_.size(); ++b) {
      open_.push_back({.image = b, .beams = {{.text = start, .row = static_cast<int64_t>(b)}}});
    }
  }

  std::vector<GeneratedText> run() {
    for (int64_t step = 0; step < options_.max_new_tokens && !open_.empty(); ++step) {
      const auto [scores, places] = best_continuations(step == 0);
      for (size_t i = 0; i < open_.size(); ++i) {
        const auto at = static_cast<int64_t>(i);
        extend(open_[i], {scores[at].const_data_ptr<float>(), places[at].const_data_ptr<int64_t>()},
               step + 1 == options_.max_new_tokens);
      }
      close_finished(step + 1 == options_.max_new_tokens);
    }
    return std::move(results_);
  }

 private:
  // 2 · beams continuations of one image's texts: scores in falling order, and beam · V + token.
  struct Continuations {
    const float* scores;
    const int64_t* places;
  };

  // [images, 2 · beams] each. One beam of an image in two may end, so enough are left.
  std::pair<torch::Tensor, torch::Tensor> best_continuations(bool first) {
    std::vector<TextSoFar> texts;
    std::vector<float> sums;
    for (const ImageSearch& search : open_) {
      for (const Beam& beam : search.beams) {
        texts.push_back(beam.text);
        sums.push_back(beam.log_probability);
      }
    }
    const torch::Tensor ids = ids_of_texts(texts, first ? 0 : texts.front().size() - 1, device_);
    torch::Tensor scores =
        decoder_->logits(decoder_->step(ids, cache_)).to(torch::kFloat32).log_softmax(1);
    apply_token_rules(scores, texts, options_, eos_id_);
    scores.add_(torch::tensor(sums).to(device_).unsqueeze(1));
    vocab_size_ = scores.size(1);
    const auto [best, places] =
        scores.view({static_cast<int64_t>(open_.size()), -1}).topk(2 * options_.beams, 1);
    return {best.to(torch::kCPU).contiguous(), places.to(torch::kCPU).contiguous()};
  }

  void extend(ImageSearch& search, Continuations best, bool last) const {
    std::vector<Beam> next;
    for (size_t rank = 0; rank < 2 * width_ && next.size() < width_; ++rank) {
      const Beam& from = search.beams[static_cast<size_t>(best.places[rank] / vocab_size_)];
      const int64_t token = best.places[rank] % vocab_size_;
      TextSoFar text = from.text;
      text.push_back(static_cast<int32_t>(token));
      if (token != eos_id_ && !last) {
        next.push_back(
            {.text = std::move(text), .log_probability = best.scores[rank], .row = from.row});
      } else if (rank < width_) {
        const size_t tokens = text.size() - prompt_length(options_);
        const float score = length_score(best.scores[rank], tokens, options_.length_penalty);
        insert_finished(search, {std::move(text), best.scores[rank], score}, width_);
      }
    }
    search.beams = std::move(next);
  }

  // Whether no text that is still written can be expected to beat the finished ones: the best one
  // is compared as if it ended here.
  [[nodiscard]] bool is_done(const ImageSearch& search) const {
    if (search.finished.size() < width_) return false;
    const Beam& best = search.beams.front();
    const size_t tokens = best.text.size() - prompt_length(options_);
    return length_score(best.log_probability, tokens, options_.length_penalty) <=
           search.finished.back().score;
  }

  // Stores the texts of the images that are done, or all, and brings the cache to the beams of
  // the others.
  void close_finished(bool all) {
    std::vector<ImageSearch> open;
    std::vector<int64_t> images, rows;
    for (size_t i = 0; i < open_.size(); ++i) {
      ImageSearch& search = open_[i];
      if (all || is_done(search)) {
        const FinishedBeam& best = search.finished.front();
        results_[search.image] = finished_text(best.text, best.log_probability, options_, eos_id_);
        continue;
      }
      images.push_back(static_cast<int64_t>(i));
      for (Beam& beam : search.beams) rows.push_back(std::exchange(beam.row, next_row(rows)));
      open.push_back(std::move(search));
    }
    const bool fewer = open.size() < open_.size();
    open_ = std::move(open);
    if (open_.empty()) return;
    cache_.select_past(torch::tensor(rows, torch::kInt64).to(device_));
    if (fewer) cache_.select_contexts(torch::tensor(images, torch::kInt64).to(device_));
  }

  static int64_t next_row(const std::vector<int64_t>& rows) {
    return static_cast<int64_t>(rows.size());
  }

  TextDecoder decoder_;
  const GenerationOptions& options_;
  torch::Device device_;
  int64_t eos_id_;
  size_t width_;
  int64_t vocab_size_ = 0;
  std::vector<GeneratedText> results_;
  std::vector<ImageSearch> open_;  // The cache has one row for each of their beams, in order.
  DecodingCache cache_;
};

}  // namespace

std::vector<GeneratedText> beam_search(TextDecoder decoder, const torch::Tensor& image_states,
                                       const GenerationOptions& options) {
  return BeamSearch(std::move(decoder), image_states, options).run();
}

}  // namespace tandem
