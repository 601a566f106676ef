// How a report looks: light and dark, wide and narrow, on screen and on paper.
#include "figure/colors.h"
#include "figure/svg.h"
#include "report/page_parts.h"

namespace softac::report {
namespace {

constexpr std::string_view kRules = R"css(
*{box-sizing:border-box}
body{margin:0 auto;padding:0 1rem 3rem;max-width:1360px;background:var(--paper);color:var(--text);font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.5rem;margin:1rem 0 .1rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .6rem;border-bottom:1px solid var(--grid);padding-bottom:.2rem}
h3{font-size:1rem;margin:1.2rem 0 .4rem;overflow-wrap:anywhere}
p{margin:.3rem 0}.muted,figcaption{color:var(--muted)}
.switch{position:absolute;opacity:0;width:1px;height:1px;pointer-events:none}
nav{position:sticky;top:0;z-index:2;background:var(--paper);border-bottom:1px solid var(--grid);padding:.45rem 0;display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;max-height:40vh;overflow:auto}
nav label{cursor:pointer;display:inline-flex;align-items:center;gap:.4rem;overflow-wrap:anywhere;user-select:none}
nav .key{opacity:.4;text-decoration:line-through}
nav .tool{border:1px solid var(--grid);border-radius:4px;padding:0 .5rem;color:var(--muted)}
.swatch{width:26px;height:10px;flex:none;stroke-width:3}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,370px),1fr));gap:.6rem 1rem}
figure{margin:0;min-width:0}.panel>svg{display:block;width:100%;height:auto;touch-action:pan-y}
.scroll{overflow-x:auto;margin-bottom:1rem}
table{border-collapse:collapse;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.22rem .8rem .22rem 0;border-bottom:1px solid var(--grid)}
th{font-weight:600;color:var(--muted);vertical-align:bottom}
td.n{white-space:nowrap;font-variant-numeric:tabular-nums}td.w{overflow-wrap:anywhere;min-width:11rem}
code{font:.92em ui-monospace,monospace;overflow-wrap:anywhere}
details{margin:.5rem 0}summary{cursor:pointer}
.videos{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:1rem}
.videos video,.videos img{width:100%;height:auto;display:block;background:var(--grid)}
.bad{color:var(--c4)}
#tip{position:absolute;z-index:3;pointer-events:none;background:var(--paper);border:1px solid var(--frame);border-radius:4px;padding:.3rem .55rem;font-size:.8rem;max-width:min(24rem,92vw);box-shadow:0 2px 8px #0004;overflow-wrap:anywhere}
#tip .of{border-left-width:3px;border-left-style:solid;padding-left:.35rem;margin-top:.2rem}
.pointer{pointer-events:none}
#s-mean:checked~main .iqm,#s-iqm:checked~main .mean,#s-seeds:not(:checked)~main .seed{display:none}
#s-mean:checked~nav .t-mean,#s-iqm:checked~nav .t-iqm,#s-seeds:checked~nav .t-seeds{color:var(--text);border-color:var(--frame);background:var(--grid)}
#s-mean:focus-visible~nav .t-mean,#s-iqm:focus-visible~nav .t-iqm,#s-seeds:focus-visible~nav .t-seeds{outline:2px solid var(--c0)}
@media (max-width:600px){body{padding:0 .7rem 2rem}nav{position:static}}
@media print{body{max-width:none;padding:0;font-size:10pt}nav{position:static;max-height:none}nav .tool,.videos video{display:none}.panels{grid-template-columns:1fr 1fr}table{font-size:7.5pt}.scroll{overflow:visible}figure,tr{break-inside:avoid}h2,h3{break-after:avoid}}
)css";

}  // namespace

std::string page_style(std::size_t num_groups) {
  std::string out = figure::ink_css();
  for (int i = 0; i < figure::kNumSeriesColors; ++i) {
    const std::string name = figure::series_color(i);
    out += ".k-" + name + "{border-color:var(--" + name + ")}";
  }
  out += kRules;
  for (std::size_t g = 0; g < num_groups; ++g) {
    const std::string id = "#g" + std::to_string(g), css = ".g" + std::to_string(g);
    out += id + ":not(:checked)~main " + css + "{display:none}" + id + ":checked~nav label.key" + css +
           "{opacity:1;text-decoration:none}" + id + ":focus-visible~nav label.key" + css +
           "{outline:2px solid var(--c0)}\n";
  }
  return out;
}

}  // namespace softac::report
