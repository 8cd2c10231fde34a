#include "tandem/model/text_decoder.h"

#include <map>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "model/captioner.h"
#include "tandem/core/device.h"
#include "tandem/core/error.h"
#include "tandem/model/model_directory.h"

namespace tandem {
namespace {

torch::Tensor random_states(int64_t images, uint64_t seed) {
  return torch::randn({images, 5, 24}, make_generator(torch::kCPU, seed));
}

TokenBatch three_texts() { return pack_tokens({{0, 5, 6, 7, 2}, {0, 9, 2}, {0, 11, 12, 13}}); }

// BERT-style and RoBERTa-style towers, alone and sharing their modules with the text tower.
class Decoders : public testing::TestWithParam<CaptionerForm> {
 protected:
  torch::NoGradGuard no_grad_;
  ClipModel model_ = make_captioner(GetParam());
};

TEST_P(Decoders, ATextIsTheSameAloneAndInABatch) {
  const TokenBatch batch = three_texts();
  const torch::Tensor images = random_states(3, 1);
  const torch::Tensor together = model_->decoder(batch, images);
  for (int64_t text = 0; text < batch.size(); ++text) {
    const torch::Tensor alone =
        model_->decoder(batch.slice(text, text + 1), images.slice(0, text, text + 1));
    const int64_t first = batch.cu_seqlens[text].item<int64_t>();
    EXPECT_TRUE(torch::allclose(together.slice(0, first, first + alone.size(0)), alone, 1e-5, 1e-5))
        << text;
  }
}

TEST_P(Decoders, ATokenSeesItsPictureAndNoLaterToken) {
  const torch::Tensor images = random_states(1, 1);
  const torch::Tensor whole = model_->decoder(pack_tokens({{0, 5, 6, 7, 2}}), images);
  const torch::Tensor part = model_->decoder(pack_tokens({{0, 5, 6}}), images);
  EXPECT_TRUE(torch::allclose(whole.slice(0, 0, 3), part, 1e-5, 1e-5));
  const torch::Tensor other = model_->decoder(pack_tokens({{0, 5, 6}}), random_states(1, 2));
  EXPECT_GT((other - part).abs().max().item<double>(), 1e-2);
}

TEST_P(Decoders, StepsGiveTheStatesOfOnePass) {
  const torch::Tensor images = random_states(2, 1);
  const std::vector<std::vector<int32_t>> texts = {{0, 5, 6, 7, 2}, {0, 9, 8, 3, 4}};
  const torch::Tensor expected = model_->decoder(pack_tokens(texts), images).view({2, 5, -1});
  const torch::Tensor ids = pack_tokens(texts).ids.view({2, 5});
  DecodingCache cache = model_->decoder->start(images);
  for (const auto& [first, last] : {std::pair{0, 2}, {2, 3}, {3, 5}}) {
    const torch::Tensor states = model_->decoder->step(ids.slice(1, first, last), cache);
    EXPECT_TRUE(torch::allclose(states, expected.select(1, last - 1), 1e-5, 1e-5)) << last;
  }
  EXPECT_EQ(cache.length(), 5);
}

TEST_P(Decoders, SeveralTextsReadOnePicture) {
  const torch::Tensor image = random_states(1, 1);
  const torch::Tensor together = model_->decoder(three_texts(), image);
  const torch::Tensor copies = model_->decoder(three_texts(), image.expand({3, -1, -1}));
  EXPECT_TRUE(torch::allclose(together, copies, 1e-5, 1e-5));
}

TEST_P(Decoders, OutputRowsAreThoseOfTheWholePass) {
  const torch::Tensor images = random_states(3, 1);
  const torch::Tensor rows = torch::tensor({10, 0, 4});
  EXPECT_TRUE(torch::allclose(model_->decoder(three_texts(), images, rows),
                              model_->decoder(three_texts(), images).index_select(0, rows), 1e-5,
                              1e-5));
}

TEST_P(Decoders, SaveAndLoadGiveTheSameLogits) {
  const TemporaryFolder folder;
  save_model(folder.path(), model_, {.model = model_->options(), .tokenizer = {}, .transform = {}});
  const LoadedModel loaded = load_model(folder.path());
  const torch::Tensor images = random_states(3, 1);
  const auto logits = [&](ClipModel of) {
    return of->decoder->logits(of->decoder(three_texts(), images));
  };
  EXPECT_EQ(logits(model_).sizes(), torch::IntArrayRef({12, 40}));
  EXPECT_TRUE(torch::equal(logits(loaded.model), logits(model_)));
}

INSTANTIATE_TEST_SUITE_P(Forms, Decoders,
                         testing::Values(CaptionerForm::kRoberta, CaptionerForm::kBert,
                                         CaptionerForm::kShared));

TEST(TextDecoder, SharesAllButSelfAttentionAndStoresItOnce) {
  const ClipModel model = make_captioner(CaptionerForm::kShared);
  std::map<const void*, std::string> seen;
  bool has_own_attention = false;
  for (const ModelParameter& each : model_parameters(*model)) {
    EXPECT_TRUE(seen.emplace(each.tensor.unsafeGetTensorImpl(), each.name).second) << each.name;
    if (!each.name.starts_with("decoder.")) continue;
    EXPECT_EQ(each.tower, Tower::kDecoder) << each.name;
    has_own_attention = has_own_attention || each.name.find(".attention.qkv") != std::string::npos;
    EXPECT_EQ(each.name.find("mlp"), std::string::npos);
    EXPECT_EQ(each.name.find("cross_attention"), std::string::npos);
    EXPECT_EQ(each.name.find("embedding"), std::string::npos);
  }
  EXPECT_TRUE(has_own_attention);
  const Block text = model->text->layers->block(1), decoder = model->decoder->layers->block(1);
  EXPECT_EQ(text->mlp_in.get(), decoder->mlp_in.get());
  EXPECT_EQ(text->cross_attention.get(), decoder->cross_attention.get());
  EXPECT_NE(text->attention.get(), decoder->attention.get());
}

TEST(TextDecoder, GradientsOfSharedModulesAreSums) {
  ClipModel model = make_captioner(CaptionerForm::kShared);
  const torch::Tensor images = random_states(3, 1);
  const torch::Tensor shared = model->text->layers->block(0)->cross_attention->query->weight;
  const auto gradient = [&](const torch::Tensor& loss) {
    model->zero_grad();
    loss.backward();
    return shared.grad().clone();
  };
  const auto matching = [&] { return model->match(images, three_texts()).select(1, 1).sum(); };
  const auto captioning = [&] { return model->decoder(three_texts(), images).square().sum(); };
  const torch::Tensor sum = gradient(matching()) + gradient(captioning());
  EXPECT_TRUE(torch::allclose(gradient(matching() + captioning()), sum, 1e-4, 1e-5));
}

TEST(TextDecoder, RefusesALongTextAndAnotherNumberOfPictures) {
  const torch::NoGradGuard no_grad;
  ClipModel model = make_captioner(CaptionerForm::kRoberta);
  const std::vector<int32_t> longer(13, 5);
  EXPECT_THROW(model->decoder(pack_tokens({longer}), random_states(1, 1)), c10::Error);
  EXPECT_THROW(model->decoder(three_texts(), random_states(2, 1)), c10::Error);
  DecodingCache cache = model->decoder->start(random_states(1, 1));
  EXPECT_THROW(model->decoder->step(torch::zeros({1, 13}, torch::kInt64), cache), c10::Error);
}

TEST(Matching, ATextIsTheSameAloneAndInABatchAndSeesThePicture) {
  const torch::NoGradGuard no_grad;
  ClipModel model = make_captioner(CaptionerForm::kShared);
  const TokenBatch batch = three_texts();
  const torch::Tensor images = random_states(3, 1);
  const torch::Tensor together = model->match(images, batch);
  EXPECT_EQ(together.sizes(), torch::IntArrayRef({3, 2}));
  for (int64_t i = 0; i < 3; ++i) {
    const torch::Tensor alone = model->match(images.slice(0, i, i + 1), batch.slice(i, i + 1));
    EXPECT_TRUE(torch::allclose(alone[0], together[i], 1e-5, 1e-5)) << i;
  }
  EXPECT_GT((model->match(random_states(3, 2), batch) - together).abs().max().item<double>(), 1e-3);
}

TEST(Matching, LeavesTheTextEmbeddingsAlone) {
  const torch::NoGradGuard no_grad;
  ClipModel model = make_captioner(CaptionerForm::kShared);
  const torch::Tensor before = model->encode_texts(three_texts());
  for (int64_t i = 0; i < 2; ++i)
    model->text->layers->block(i)->cross_attention->output->bias.add_(1.0);
  EXPECT_TRUE(torch::equal(model->encode_texts(three_texts()), before));
}

TEST(Matching, PutsTheMatchingTokenFirst) {
  const torch::NoGradGuard no_grad;
  ModelOptions options = captioner_options(CaptionerForm::kShared);
  ClipModel plain(options, 3);
  options.text.match_id = 39;
  ClipModel marked(options, 3);
  const torch::Tensor images = random_states(1, 1);
  const torch::Tensor expected = plain->match(images, pack_tokens({{39, 5, 6, 2}}));
  EXPECT_TRUE(torch::equal(marked->match(images, pack_tokens({{0, 5, 6, 2}})), expected));
  EXPECT_FALSE(torch::equal(plain->match(images, pack_tokens({{0, 5, 6, 2}})), expected));
}

TEST(Matching, NeedsAModelThatCan) {
  ClipModel model = make_captioner(CaptionerForm::kRoberta);
  expect_error(ErrorKind::kUsage, {.what = "cannot match images with texts"},
               [&] { (void)model->match(random_states(3, 1), three_texts()); });
}

}  // namespace
}  // namespace tandem
