#include "io/files/gunzip.h"

#include <algorithm>
#include <climits>
#include <new>

#include <zlib.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;

uInt as_length(size_t bytes) { return static_cast<uInt>(std::min<size_t>(bytes, INT_MAX)); }

}  // namespace

struct Gunzip::State {
  z_stream stream = {};
};

Gunzip::Gunzip() : state_(std::make_unique<State>()) {
  if (inflateInit2(&state_->stream, kGzipOnly) != Z_OK) throw std::bad_alloc();
}

Gunzip::~Gunzip() { inflateEnd(&state_->stream); }

Gunzip::Progress Gunzip::inflate(std::string_view in, char* out, size_t room) {
  Progress progress;
  if (complete_) {
    progress.taken = std::min(in.find_first_not_of('\0'), in.size());
    in.remove_prefix(progress.taken);
    if (in.empty()) return progress;
    inflateReset(&state_->stream);
    complete_ = false;
  }
  z_stream& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = as_length(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out);
  stream.avail_out = as_length(room);
  const int result = ::inflate(&stream, Z_NO_FLUSH);
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
    throw Error(ErrorKind::kData, "damaged gzip data");
  complete_ = result == Z_STREAM_END;
  progress.taken += as_length(in.size()) - stream.avail_in;
  progress.given = as_length(room) - stream.avail_out;
  return progress;
}

}  // namespace tandem
