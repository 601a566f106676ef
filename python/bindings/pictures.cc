#include "pictures.h"

#include <algorithm>
#include <string>

#include "arrays.h"
#include "bindings.h"
#include "render/window.h"
#include "softac/error.h"

namespace nb = nanobind;

namespace softac::python {

nb::object Pictures::draw(VecEnv& envs, int index, int width, int height) {
  const Image* image = nullptr;
  {
    const nb::gil_scoped_release release;
    const Env& env = envs.env(index);
    if (!renderer_ || width != width_ || height != height_) {
      renderer_.reset();
      renderer_ = make_renderer(env, {width, height});
      width_ = width;
      height_ = height;
    }
    const auto obs_dim = static_cast<std::size_t>(envs.spec().obs_dim);
    const auto obs = envs.native_obs().subspan(static_cast<std::size_t>(index) * obs_dim, obs_dim);
    image = &renderer_->draw(env, obs, envs.env_action(index));
  }
  const auto array = make_array<std::uint8_t>({image->height, image->width, 3});
  std::ranges::copy(image->rgb, array.data());
  return nb::cast(array);
}

namespace {

using Picture = nb::ndarray<const std::uint8_t, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;

void show(Window& window, const Picture& picture) {
  Image image;
  image.resize(static_cast<int>(picture.shape(1)), static_cast<int>(picture.shape(0)));
  std::copy_n(picture.data(), image.rgb.size(), image.rgb.begin());
  window.show(image);
}

}  // namespace

void bind_window(nb::module_& m) {
  nb::class_<Window> window(m, "Window", "A window that shows pictures; for the thread that makes it.");
  window.def(nb::init<int, int, const std::string&>(), nb::arg("width"), nb::arg("height"), nb::arg("title"),
             "IoError without GLFW (the package libglfw3) or a display.");
  window.def("show", &show, nb::arg("picture"), nb::sig("def show(self, picture: numpy.ndarray) -> None"),
             "picture: (height, width, 3) uint8.");
  window.def(
      "look", [](Window& self) { return self.look().quit; },
      "Handles the window's events; True once the user has asked for its end (esc, q or closing it).");
  m.def("has_display", &has_display, "Whether the environment names a display for windows.");
}

}  // namespace softac::python
