#include <tandem/data/shapes.h>
#include <tandem/tandem.h>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

// Trains for a moment on drawn shapes and uses what comes of it: argv[1] is the output folder.
int main(int, char** argv) {
  const tandem::RunConfig config = tandem::parse_run_config(
      R"({"tokenizer": {"train_vocab_size": 100}, "data": {"train": {"kind": "shapes"}}})",
      {"run.output_dir=" + std::string(argv[1]), "run.device=cpu", "train.max_steps=5",
       "train.log_every_steps=1", "data.batch_size=8", "data.train.shapes.count=256"});
  tandem::Trainer trainer(config);
  trainer.on_log([](const tandem::StepStats& s) { std::cout << s.step << ' ' << s.loss << '\n'; });
  const tandem::TrainSummary summary = trainer.run();

  const auto pipeline = tandem::Pipeline::load(summary.model_directory, {.device = "cpu"});
  const auto shape = tandem::make_shapes_source({.count = 2}, 32);
  const torch::Tensor images = pipeline.encode_images(
      std::vector<tandem::Image>{shape->sample(0, 1).image, shape->sample(1, 1).image});  // [2, D]
  const torch::Tensor texts = pipeline.encode_texts({"a cat", "a dog", "a red car"});     // [3, D]
  const torch::Tensor probs = pipeline.similarity(images, texts).softmax(-1);             // [2, 3]
  if (probs.sizes() != torch::IntArrayRef({2, 3}) || !probs.sum(-1).allclose(torch::ones({2})))
    return 1;

  try {
    (void)pipeline.encode_images({"cat.jpg", "dog.jpg"});  // As README has it.
    return 1;
  } catch (const tandem::Error& error) {
    if (error.kind() != tandem::ErrorKind::kMissingInput) return 1;
  }

  tandem::ClipModel model(trainer.config().model);
  const torch::Tensor pixels = torch::zeros({3, 3, 32, 32}, torch::kUInt8);
  const tandem::TokenBatch tokens = tandem::pack_tokens({{0, 5, 2}, {0, 6, 7, 2}, {0, 2}});
  const auto [image_embeddings, text_embeddings] = model->forward(pixels, tokens);
  const torch::Tensor loss =
      tandem::contrastive_loss(image_embeddings, text_embeddings, model->logit_scale());
  loss.backward();
  std::cout << "loss " << loss.item<float>() << '\n';
  return 0;
}
