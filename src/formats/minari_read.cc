// Reads the HDF5 file of a dataset of Minari, in a copy of this process.
#include <algorithm>
#include <charconv>
#include <string>

#include "base/child_reader.h"
#include "formats/hdf5_api.h"
#include "formats/minari.h"
#include "softac/error.h"

namespace softac {

bool has_minari() {
  return true;
}

std::string minari_missing_text() {
  return "Minari's datasets need libhdf5: apt-get install libhdf5-dev";
}

namespace {

constexpr std::uint64_t kMaxDim = 1 << 24;
// A file of b bytes holds no more than so many times b of numbers: deflate's largest ratio, and a little.
constexpr std::uint64_t kMaxRatio = 1100;
constexpr std::uint64_t kSpareBytes = std::uint64_t{1} << 30;
constexpr std::size_t kMaxNames = 10;

// Sanitizers map more than any limit.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

struct Dims {
  std::vector<std::uint64_t> sizes;
  std::string text() const {
    std::string out = "(";
    for (const std::uint64_t size : sizes) out += (out.size() > 1 ? ", " : "") + std::to_string(size);
    return out + ")";
  }
};

// A list of names out of a file, for a message: what is no plain letter there becomes '?'.
void append_name(std::string& list, const std::string& name) {
  if (!list.empty()) list += ", ";
  for (const char c : name) list += c >= ' ' && c <= '~' ? c : '?';
}

// In the copy of the process.
class File {
 public:
  File(const Hdf5Api& api, const Path& path)
      : h_(api), name_(path.string()), file_(h_.H5Fopen(name_.c_str(), kHdf5ReadOnly, H5P_DEFAULT), h_.H5Fclose) {
    if (!file_) throw IoError(name_ + ": not an HDF5 file, or a damaged one");
    find_episodes();
  }

  // Looks at the shapes of everything.
  MinariShape shape(std::uint64_t file_bytes) {
    MinariShape out;
    std::uint64_t numbers = 0;
    for (const std::int64_t number : numbers_) {
      const EpisodeShape episode = shape_of(number);
      if (out.episodes == 0) {
        out.obs_dim = static_cast<int>(episode.obs_dim);
        out.act_dim = static_cast<int>(episode.act_dim);
      } else if (out.obs_dim != static_cast<int>(episode.obs_dim) || out.act_dim != static_cast<int>(episode.act_dim)) {
        fail(number, "observations of " + std::to_string(episode.obs_dim) + " and actions of " +
                         std::to_string(episode.act_dim) + " numbers, the episodes before it have " +
                         std::to_string(out.obs_dim) + " and " + std::to_string(out.act_dim));
      }
      ++out.episodes;
      out.transitions += static_cast<std::int64_t>(episode.steps);
      // Each of them is of a byte at least.
      numbers += (episode.steps + 1) * episode.obs_dim + episode.steps * episode.act_dim;
      if (numbers / kMaxRatio > file_bytes) {
        fail(number, "the episodes up to it have " + std::to_string(numbers) + " numbers, the file " +
                         std::to_string(file_bytes) + " bytes");
      }
    }
    return out;
  }

  void send(ChildSink& sink) {
    std::vector<double> values;
    std::vector<std::int8_t> flags;
    for (const std::int64_t number : numbers_) {
      const EpisodeShape episode = shape_of(number);
      sink.put_value(number);
      sink.put_value(static_cast<std::int64_t>(episode.steps));
      const auto numbers = [&](const char* name, std::uint64_t count) {
        values.resize(count);
        read(number, name, h_.native_double, values.data());
        sink.put(std::as_bytes(std::span(values)));
      };
      numbers("observations", (episode.steps + 1) * episode.obs_dim);
      numbers("actions", episode.steps * episode.act_dim);
      numbers("rewards", episode.steps);
      for (const char* name : {"terminations", "truncations"}) {
        flags.resize(episode.steps);
        read(number, name, h_.native_int8, flags.data());
        sink.put_value(ending(number, name, flags));
      }
    }
  }

 private:
  struct EpisodeShape {
    std::uint64_t steps = 0, obs_dim = 0, act_dim = 0;
  };

  [[noreturn]] void fail(std::int64_t episode, const std::string& text) const {
    throw IoError(name_ + ": episode_" + std::to_string(episode) + ": " + text);
  }
  static std::string group(std::int64_t episode) { return "episode_" + std::to_string(episode); }

  std::string link_name(hid_t at, const char* path, hsize_t index) const {
    char text[256];
    const ssize_t size =
        h_.H5Lget_name_by_idx(at, path, H5_INDEX_NAME, H5_ITER_INC, index, text, sizeof text, H5P_DEFAULT);
    if (size < 0) throw IoError(name_ + ": its table of contents is damaged");
    return text;
  }
  std::vector<std::string> names_in(hid_t at, std::size_t most) const {
    std::vector<std::string> out;
    H5G_info_t info{};
    if (h_.H5Gget_info(at, &info) < 0) throw IoError(name_ + ": its table of contents is damaged");
    for (hsize_t i = 0; i < std::min<hsize_t>(info.nlinks, most); ++i) out.push_back(link_name(at, ".", i));
    return out;
  }

  void find_episodes() {
    constexpr std::string_view kPrefix = "episode_";
    const Hdf5Id root(h_.H5Gopen2(file_.get(), "/", H5P_DEFAULT), h_.H5Gclose);
    if (!root) throw IoError(name_ + ": no group at its root: damaged");
    H5G_info_t info{};
    if (h_.H5Gget_info(root.get(), &info) < 0) throw IoError(name_ + ": its table of contents is damaged");
    std::string others;
    std::size_t num_others = 0;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      const std::string name = link_name(root.get(), ".", i);
      std::int64_t number = -1;
      const char* end = name.data() + name.size();
      if (name.starts_with(kPrefix)) {
        const auto [after, error] = std::from_chars(name.data() + kPrefix.size(), end, number);
        if (error != std::errc{} || after != end || group(number) != name) number = -1;
      }
      if (number >= 0)
        numbers_.push_back(number);
      else if (++num_others <= kMaxNames)
        append_name(others, name);
    }
    std::ranges::sort(numbers_);
    if (num_others > 0 || numbers_.empty()) {
      throw IoError(name_ + ": " + (numbers_.empty() ? "no episodes: " : "not a dataset of Minari alone: ") +
                    "expected groups episode_0, episode_1, …, found " +
                    (others.empty() ? "nothing" : others + (num_others > kMaxNames ? ", …" : "")));
    }
  }

  void require_hard_link(std::int64_t episode, hid_t at, const char* name, const std::string& what) const {
    if (h_.H5Lexists(at, name, H5P_DEFAULT) <= 0) {
      std::string found;
      for (const std::string& other : names_in(at, kMaxNames)) append_name(found, other);
      fail(episode, "it lacks " + what + (at == file_.get() ? "" : "; it has " + (found.empty() ? "nothing" : found)));
    }
    H5L_info_t link{};
    if (h_.H5Lget_info(at, name, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)
      fail(episode, what + " is a link to another place; only what is in the file itself is read");
  }

  // Calls use(dataset).
  template <class Use>
  void with_dataset(std::int64_t episode, const char* name, Use&& use) const {
    const std::string group_name = group(episode);
    require_hard_link(episode, file_.get(), group_name.c_str(), group_name);
    const Hdf5Id group(h_.H5Oopen(file_.get(), group_name.c_str(), H5P_DEFAULT), h_.H5Oclose);
    if (!group || h_.H5Iget_type(group.get()) != H5I_GROUP) fail(episode, "not a group");
    require_hard_link(episode, group.get(), name, name);
    const Hdf5Id data(h_.H5Oopen(group.get(), name, H5P_DEFAULT), h_.H5Oclose);
    if (!data) fail(episode, std::string(name) + " is damaged");
    const H5I_type_t kind = h_.H5Iget_type(data.get());
    if (kind == H5I_GROUP) {
      std::string parts;
      for (const std::string& part : names_in(data.get(), kMaxNames)) append_name(parts, part);
      fail(episode, std::string(name) + " is a group (a space of the kind Dict or Tuple: " + parts +
                        "); softac's environments have flat ones");
    }
    if (kind != H5I_DATASET) fail(episode, std::string(name) + " is no dataset");
    use(data.get());
  }

  Dims dims_of(std::int64_t episode, const char* name) const {
    Dims out;
    with_dataset(episode, name, [&](hid_t data) {
      const Hdf5Id space(h_.H5Dget_space(data), h_.H5Sclose), type(h_.H5Dget_type(data), h_.H5Tclose),
          made(h_.H5Dget_create_plist(data), h_.H5Pclose);
      if (!space || !type || !made) fail(episode, std::string(name) + " is damaged");
      const H5T_class_t kind = h_.H5Tget_class(type.get());
      if (kind != H5T_INTEGER && kind != H5T_FLOAT && kind != H5T_ENUM)
        fail(episode, std::string(name) + " holds no numbers (pictures and texts are not read)");
      if (h_.H5Pget_external_count(made.get()) != 0 || h_.H5Pget_layout(made.get()) == H5D_VIRTUAL)
        fail(episode, std::string(name) + " lies in another file; only what is in the file itself is read");
      const int rank = h_.H5Sget_simple_extent_ndims(space.get());
      if (rank < 0 || rank > H5S_MAX_RANK) fail(episode, std::string(name) + " is damaged");
      std::vector<hsize_t> sizes(static_cast<std::size_t>(rank) + 1);
      if (h_.H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr) != rank)
        fail(episode, std::string(name) + " is damaged");
      out.sizes.assign(sizes.begin(), sizes.begin() + rank);
    });
    return out;
  }

  EpisodeShape shape_of(std::int64_t episode) const {
    EpisodeShape out;
    const Dims rewards = dims_of(episode, "rewards"), obs = dims_of(episode, "observations"),
               actions = dims_of(episode, "actions");
    constexpr std::uint64_t kMaxSteps = std::uint64_t{1} << 40;
    const auto refuse = [&](const char* name, const Dims& found, const std::string& expected) {
      fail(episode, std::string(name) + " have the shape " + found.text() + ", expected " + expected);
    };
    if (rewards.sizes.size() != 1 || rewards.sizes[0] > kMaxSteps) refuse("rewards", rewards, "(steps)");
    out.steps = rewards.sizes[0];
    if (out.steps == 0) fail(episode, "it has no steps");
    const std::string steps = std::to_string(out.steps);
    if (obs.sizes.size() != 2 || obs.sizes[0] != out.steps + 1 || obs.sizes[1] == 0 || obs.sizes[1] > kMaxDim)
      refuse("observations", obs, "(steps + 1, size), of " + steps + " steps");
    out.obs_dim = obs.sizes[1];
    const bool flat = actions.sizes.size() == 1;
    if ((!flat && actions.sizes.size() != 2) || actions.sizes[0] != out.steps ||
        (!flat && (actions.sizes[1] == 0 || actions.sizes[1] > kMaxDim)))
      refuse("actions", actions, "(steps, size) or (steps), of " + steps + " steps");
    out.act_dim = flat ? 1 : actions.sizes[1];
    for (const char* name : {"terminations", "truncations"}) {
      const Dims flags = dims_of(episode, name);
      if (flags.sizes != rewards.sizes) refuse(name, flags, rewards.text());
    }
    return out;
  }

  void read(std::int64_t episode, const char* name, hid_t type, void* to) const {
    with_dataset(episode, name, [&](hid_t data) {
      if (h_.H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) < 0)
        fail(episode, std::string(name) + " cannot be read: damaged, or compressed by what libhdf5 does not know");
    });
  }

  // The last of an episode's flags; no other may be set.
  std::uint8_t ending(std::int64_t episode, const char* name, const std::vector<std::int8_t>& flags) const {
    for (std::size_t i = 0; i < flags.size(); ++i) {
      if (flags[i] != 0 && flags[i] != 1)
        fail(episode, std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(flags[i]));
      if (flags[i] != 0 && i + 1 < flags.size()) {
        fail(episode, std::string(name) + "[" + std::to_string(i) + "] is set before the last of its " +
                          std::to_string(flags.size()) + " steps");
      }
    }
    return static_cast<std::uint8_t>(flags.back());
  }

  const Hdf5Api& h_;
  std::string name_;
  Hdf5Id file_;
  std::vector<std::int64_t> numbers_;  // of the episodes
};

}  // namespace

void read_minari(const Path& file, const std::function<void(const MinariShape&)>& begin,
                 const std::function<void(const DataEpisode&)>& episode) {
  const Hdf5Api& api = hdf5_api();
  const std::string name = file.string();
  const std::uint64_t bytes = posix_file_system().size(file);
  // Ten megabytes a second are little, and numbers take a tenth of the memory that is allowed here.
  const ChildLimits limits = {60 + bytes / 10'000'000, kSanitized ? 0 : kSpareBytes + 16 * bytes};
  read_in_child(
      name, limits,
      [&](ChildSink& sink) {
        File in(api, file);
        sink.put_value(in.shape(bytes));
        in.send(sink);
      },
      [&](ChildSource& source) {
        const auto shape = source.get_value<MinariShape>();
        const auto sane = [](std::int64_t value) { return value >= 1 && value < std::int64_t{1} << 48; };
        const auto damaged = [&] { throw IoError(name + ": reading it gave nonsense; the file is damaged"); };
        if (!sane(shape.episodes) || !sane(shape.transitions) || !sane(shape.obs_dim) || !sane(shape.act_dim))
          damaged();
        begin(shape);
        DataEpisode out;
        std::int64_t left = shape.transitions;
        for (std::int64_t i = 0; i < shape.episodes; ++i) {
          out.name = "episode_" + std::to_string(source.get_value<std::int64_t>());
          out.steps = source.get_value<std::int64_t>();
          if (out.steps < 1 || out.steps > left) damaged();
          left -= out.steps;
          const auto steps = static_cast<std::size_t>(out.steps);
          out.obs.resize((steps + 1) * static_cast<std::size_t>(shape.obs_dim));
          out.actions.resize(steps * static_cast<std::size_t>(shape.act_dim));
          out.rewards.resize(steps);
          for (std::vector<double>* values : {&out.obs, &out.actions, &out.rewards})
            source.get(std::as_writable_bytes(std::span(*values)));
          out.terminated = source.get_value<std::uint8_t>() != 0;
          out.truncated = source.get_value<std::uint8_t>() != 0;
          episode(out);
        }
      });
}

}  // namespace softac
