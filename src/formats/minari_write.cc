// Writes the HDF5 file of a dataset of Minari, in memory.
#include <algorithm>
#include <string>

#include "formats/hdf5_api.h"
#include "formats/minari.h"
#include "softac/error.h"

namespace softac {
namespace {

constexpr std::size_t kGrowBytes = 1 << 20;
constexpr hsize_t kChunkBytes = 1 << 16;

// A file in memory.
class Image {
 public:
  explicit Image(const Hdf5Api& api)
      : h_(api),
        access_(h_.H5Pcreate(h_.file_access), h_.H5Pclose),
        file_(open(), h_.H5Fclose),
        flag_(make_flag(), h_.H5Tclose) {
    check(file_.get());
  }

  void add(std::size_t number, const DataEpisode& episode, const MinariDataset& dataset) {
    const std::string name = "episode_" + std::to_string(number);
    const Hdf5Id group(h_.H5Gcreate2(file_.get(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), h_.H5Gclose);
    check(group.get());
    attribute(group.get(), "id", static_cast<std::int64_t>(number));
    attribute(group.get(), "total_steps", episode.steps);
    const auto steps = static_cast<hsize_t>(episode.steps);
    write(group.get(), "observations", h_.native_float, h_.native_double, {steps + 1, dataset.obs_low.size()},
          episode.obs.data());
    const bool discrete = dataset.num_actions > 0;
    std::vector<hsize_t> sizes = {steps};
    if (!discrete) sizes.push_back(dataset.act_low.size());
    write(group.get(), "actions", discrete ? h_.native_int64 : h_.native_float, h_.native_double, sizes,
          episode.actions.data());
    write(group.get(), "rewards", h_.native_double, h_.native_double, {steps}, episode.rewards.data());
    std::vector<std::int8_t> flags(steps);
    flags.back() = episode.terminated ? 1 : 0;
    write(group.get(), "terminations", flag_.get(), flag_.get(), {steps}, flags.data());
    flags.back() = episode.truncated ? 1 : 0;
    write(group.get(), "truncations", flag_.get(), flag_.get(), {steps}, flags.data());
  }

  std::vector<std::byte> bytes() {
    check(h_.H5Fflush(file_.get(), H5F_SCOPE_LOCAL));
    const ssize_t size = h_.H5Fget_file_image(file_.get(), nullptr, 0);
    check(size);
    std::vector<std::byte> out(static_cast<std::size_t>(size));
    check(h_.H5Fget_file_image(file_.get(), out.data(), out.size()));
    return out;
  }

 private:
  template <class Result>
  static Result check(Result result) {
    if (result < 0) throw IoError("libhdf5 could not write the dataset (out of memory?)");
    return result;
  }
  hid_t open() const {
    check(access_.get());
    check(h_.H5Pset_fapl_core(access_.get(), kGrowBytes, false));
    return h_.H5Fcreate(kMinariFile, kHdf5Truncate, H5P_DEFAULT, access_.get());
  }
  // What NumPy's bool is in HDF5.
  hid_t make_flag() const {
    const hid_t type = check(h_.H5Tenum_create(h_.native_int8));
    std::int8_t value = 0;
    check(h_.H5Tenum_insert(type, "FALSE", &value));
    value = 1;
    check(h_.H5Tenum_insert(type, "TRUE", &value));
    return type;
  }
  void attribute(hid_t at, const char* name, std::int64_t value) const {
    const Hdf5Id space(h_.H5Screate(H5S_SCALAR), h_.H5Sclose);
    const Hdf5Id made(h_.H5Acreate2(at, name, h_.native_int64, space.get(), H5P_DEFAULT, H5P_DEFAULT), h_.H5Aclose);
    check(h_.H5Awrite(check(made.get()), h_.native_int64, &value));
  }
  // Rows can be appended, as Minari's own datasets allow; no times, so that the same data are the same bytes.
  void write(hid_t at, const char* name, hid_t file_type, hid_t type, const std::vector<hsize_t>& sizes,
             const void* values) const {
    std::vector<hsize_t> most = sizes, chunk = sizes;
    most[0] = H5S_UNLIMITED;
    const hsize_t row_bytes = 8 * (sizes.size() > 1 ? sizes[1] : 1);
    chunk[0] = std::min(sizes[0], std::max<hsize_t>(1, kChunkBytes / row_bytes));
    const int rank = static_cast<int>(sizes.size());
    const Hdf5Id space(h_.H5Screate_simple(rank, sizes.data(), most.data()), h_.H5Sclose),
        create(h_.H5Pcreate(h_.dataset_create), h_.H5Pclose);
    check(h_.H5Pset_chunk(check(create.get()), rank, chunk.data()));
    check(h_.H5Pset_obj_track_times(create.get(), false));
    const Hdf5Id data(h_.H5Dcreate2(at, name, file_type, check(space.get()), H5P_DEFAULT, create.get(), H5P_DEFAULT),
                      h_.H5Dclose);
    check(h_.H5Dwrite(check(data.get()), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
  }

  const Hdf5Api& h_;
  Hdf5Id access_, file_, flag_;
};

}  // namespace

std::vector<std::byte> encode_minari(const MinariDataset& dataset, std::span<const DataEpisode> episodes) {
  Image image(hdf5_api());
  for (std::size_t i = 0; i < episodes.size(); ++i) image.add(i, episodes[i], dataset);
  return image.bytes();
}

}  // namespace softac
