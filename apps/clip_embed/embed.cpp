#include "clip_embed/embed.h"

#include <algorithm>
#include <filesystem>
#include <numeric>

#include <fmt/format.h>
#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "clip_embed/metadata.h"
#include "common/images.h"
#include "common/records/json_names.h"
#include "common/text_io.h"
#include "tandem/config/load.h"
#include "tandem/core/files.h"
#include "tandem/eval/embed_source.h"
#include "tandem/io/npy.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxSourceFile = uint64_t{1} << 20;

torch::ScalarType parse_dtype(const std::string& name) {
  if (name == "float16") return torch::kFloat16;
  if (name == "float32") return torch::kFloat32;
  throw Error(ErrorKind::kUsage,
              {.what = "unknown --dtype", .expected = "float16 or float32", .found = name});
}

/// A folder in clip-retrieval's layout that appears when complete.
class EmbeddingFolder {
 public:
  EmbeddingFolder(const fs::path& output, torch::ScalarType dtype, const std::string& format)
      : folder_(output), dtype_(dtype), metadata_(folder_.path() / "metadata", format) {}

  /// Adds one row per line of metadata; an undefined tensor adds nothing to its file.
  void add(const torch::Tensor& images, const torch::Tensor& texts,
           const std::vector<Json>& metadata) {
    if (images.defined()) images_.push_back(images.to(dtype_));
    if (texts.defined()) texts_.push_back(texts.to(dtype_));
    for (const Json& row : metadata) metadata_.add(row);
    rows_ += metadata.size();
  }
  [[nodiscard]] size_t rows() const { return rows_; }

  void commit() {
    save("img_emb", images_);
    save("text_emb", texts_);
    metadata_.commit();
    folder_.commit();
  }

 private:
  void save(const std::string& kind, const std::vector<torch::Tensor>& parts) {
    if (parts.empty()) return;
    tandem::create_directories(folder_.path() / kind);
    save_npy(folder_.path() / kind / (kind + "_0.npy"), torch::cat(parts));
  }

  AtomicDirectory folder_;
  torch::ScalarType dtype_;
  MetadataFile metadata_;
  std::vector<torch::Tensor> images_;
  std::vector<torch::Tensor> texts_;
  size_t rows_ = 0;
};

/// An embedding folder in the making, and what was left out of it.
struct Output {
  EmbeddingFolder folder;
  Failures left_out = {};

  void leave_out(const Error& error) {
    left_out.add(error);
    write_note(fmt::format("left out: {}\n", error.what()));
  }
};

void add_images(const Pipeline& pipeline, const std::vector<fs::path>& files, Output& output) {
  const PartialEmbeddings images = pipeline.try_encode_images(files);
  std::vector<int64_t> usable;
  std::vector<Json> metadata;
  for (size_t i = 0; i < files.size(); ++i) {
    if (const auto& error = images.errors[i]) {
      output.leave_out(*error);
      continue;
    }
    usable.push_back(static_cast<int64_t>(i));
    put_name(metadata.emplace_back(), "image_path", files[i].string());
  }
  const torch::Tensor rows = torch::tensor(usable, torch::kInt64);
  output.folder.add(images.embeddings.index_select(0, rows), {}, metadata);
}

void add_texts(const Pipeline& pipeline, const std::vector<std::string>& texts, Output& output) {
  std::vector<Json> metadata;
  for (const std::string& text : texts) metadata.push_back({{"caption", text}});
  output.folder.add({}, pipeline.encode_texts(texts), metadata);
}

void add_samples(const Pipeline& pipeline, const Source& source,
                 const std::vector<int64_t>& indices, Output& output) {
  const EmbeddedSamples samples = embed_samples(pipeline, source, indices, 0);
  for (const Error& error : samples.errors) output.leave_out(error);
  if (samples.keys.empty()) return;
  std::vector<std::string> captions;
  std::vector<Json> metadata;
  for (size_t i = 0; i < samples.keys.size(); ++i) {
    captions.push_back(samples.captions[i].empty() ? std::string() : samples.captions[i].front());
    Json& line = metadata.emplace_back();
    put_name(line, "image_path", samples.keys[i]);
    line["caption"] = captions.back();
  }
  output.folder.add(samples.image_embeddings, pipeline.encode_texts(captions), metadata);
}

void embed_all(const EmbedArguments& arguments, const Pipeline& pipeline, Output& output) {
  if (!arguments.images.empty()) {
    return in_chunks(
        list_images(arguments.images, arguments.allow_outside_root), pipeline,
        [&](const auto& files, size_t) { return add_images(pipeline, files, output); });
  }
  if (!arguments.texts.empty()) {
    const std::vector<std::string> texts = read_lines(arguments.texts);
    if (texts.empty()) {
      throw Error(ErrorKind::kData,
                  {.what = "the file holds no line of text", .where = arguments.texts});
    }
    return in_chunks(texts, pipeline,
                     [&](const auto& part, size_t) { return add_texts(pipeline, part, output); });
  }
  const SourceContext context{.transform = pipeline.config().transform,
                              .allow_outside_root = arguments.allow_outside_root,
                              .image_size = pipeline.config().model.image.image_size};
  const auto source =
      open_source(parse_source(read_file(arguments.data, kMaxSourceFile), arguments.data), context);
  std::vector<int64_t> indices(static_cast<size_t>(source->size()));
  std::iota(indices.begin(), indices.end(), 0);
  in_chunks(indices, pipeline,
            [&](const auto& part, size_t) { return add_samples(pipeline, *source, part, output); });
}

}  // namespace

int run_embed(const EmbedArguments& arguments) {
  const torch::ScalarType dtype = parse_dtype(arguments.dtype);
  const int inputs = (arguments.images.empty() ? 0 : 1) + (arguments.texts.empty() ? 0 : 1) +
                     (arguments.data.empty() ? 0 : 1);
  if (inputs != 1) {
    throw Error(ErrorKind::kUsage, {.what = "nothing to embed, or several inputs",
                                    .expected = "exactly one of --images, --texts and --data",
                                    .found = fmt::format("{} of them", inputs)});
  }
  check_metadata_format(arguments.metadata_format);
  require_new_folder(arguments.output);
  check_output_folder(arguments.output);
  const Pipeline pipeline = load_pipeline(arguments.model);
  Output output{.folder = {arguments.output, dtype, arguments.metadata_format}};
  embed_all(arguments, pipeline, output);
  output.folder.commit();
  write_note(fmt::format("{} embeddings of dimension {} in {}, {} left out\n", output.folder.rows(),
                         pipeline.embed_dim(), arguments.output, output.left_out.count()));
  if (output.left_out.count() > 0)
    write_note(fmt::format("{} invalid item(s) were left out.\n", output.left_out.count()));
  return output.left_out.code();
}

}  // namespace tandem::apps
