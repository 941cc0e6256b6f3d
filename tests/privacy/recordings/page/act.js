// Everything a page may do to its own DOM after the recording began; `at` waits until the recorder has seen it.
const at = () => new Promise((done) => setTimeout(done, 60));
const by = (id) => document.getElementById(id);

async function act() {
  class Profile extends HTMLElement {
    connectedCallback() {
      const root = this.attachShadow({ mode: "open" });
      root.innerHTML = `<style>p::before { content: "[[shadow-css]]" }</style><p title="[[shadow-title]]">Shadow of [[shadow-text]]</p>
        <slot name="name"></slot><input value="[[shadow-input]]"><div id="nested"></div>`;
      const inner = root.getElementById("nested").attachShadow({ mode: "open" });
      inner.innerHTML = "<em>Nested [[shadow-nested]]</em>";
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('em::after { content: "[[shadow-adopted]]"; background: url(/a/[[shadow-adopted-url]].png) }');
      inner.adoptedStyleSheets = [sheet];
    }
  }
  customElements.define("x-profile", Profile);
  customElements.define("x-<<w:custom-define>>", class extends HTMLElement {});
  await at();

  by("greeting").firstChild.data = "Changed to [[mutation-text]]";
  by("greeting").setAttribute("data-note", "[[mutation-data]]");
  by("greeting").className = "h1 [[mutation-class]]";
  by("greeting").id = "greeting";
  by("greeting").title = "[[mutation-title]]";
  await at();
  const added = document.createElement("article");
  added.innerHTML = `<h2 class="added">Added [[added-text]]</h2><a href="/added/[[added-href]]">x</a><input value="[[added-input]]">
    <style>h2::before { content: "[[added-css]]" }</style><!-- [[added-comment]] --><img alt="[[added-alt]]" src="/added/[[added-src]].png">
    <textarea>[[added-textarea]]</textarea><select><option selected>[[added-option]]</option></select>
    <svg><text>[[added-svg]]</text></svg><iframe srcdoc="<b>[[added-srcdoc]]</b>"></iframe>`;
  by("later").append(added);
  await at();
  by("later").insertAdjacentHTML("beforeend", Array.from({ length: 20 }, (_, n) => `<p>Row ${n} [[added-rows]]</p>`).join(""));
  document.title = "Now [[title-mutation]]";
  history.pushState({}, "", "/people/[[push-path]]?q=[[push-query]]#[[push-fragment]]");
  await at();

  const own = document.querySelector("style");
  own.sheet.insertRule('.later::after { content: "[[rule-content]]"; background: url(/r/[[rule-url]].png) }', 0);
  own.sheet.cssRules[0].style.setProperty("--person", "[[rule-variable]]");
  own.sheet.cssRules[0].style.setProperty("content", '"[[declaration-content]]"');
  document.querySelectorAll("style")[1].firstChild.data = '.split { color: blue } .split::after { content: "[[style-text-mutation]]" }';
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('.adopted::after { content: "[[adopted-content]]"; --a: [[adopted-variable]] }');
  document.adoptedStyleSheets = [sheet];
  await at();
  sheet.replaceSync('.adopted { background: url("/adopted/[[adopted-replaced]].png") }');
  sheet.insertRule('.adopted::before { content: "[[adopted-rule]]" }');
  by("profile").style.setProperty("--deep", "[[inline-variable]]");
  by("profile").style.backgroundImage = "url(/i/[[inline-url]].png)";
  await at();

  by("cleared").value = "";
  by("cleared").placeholder = "[[mutation-placeholder]]";
  by("toggled").type = "text";
  by("plain").value = "[[property-value]]";
  by("plain").setAttribute("value", "[[mutation-value]]");
  by("notes").value = "[[textarea-property]]";
  by("choice").options[1].text = "[[option-mutation]]";
  by("choice").selectedIndex = 1;
  by("choice").dispatchEvent(new Event("change", { bubbles: true }));
  by("editor").innerHTML = "Edited <b>[[editor-mutation]]</b>";
  by("same").contentDocument.getElementById("frame-text").textContent = "Changed [[frame-mutation]]";
  await at();
  by("ask").showModal();
  await at();
  by("ask").close();
  const context = by("chart").getContext("2d");
  context.fillText("[[canvas-text]]", 2, 12);
  const font = new FontFace("[[font-face]]", "url(/fonts/[[font-face-url]].woff2)");
  document.fonts.add(font);
  font.load().catch(() => {});
  by("blob-image").src = URL.createObjectURL(new Blob(["<svg xmlns='http://www.w3.org/2000/svg'/>"], { type: "image/svg+xml" }));
  const range = document.createRange();
  range.selectNodeContents(by("editor"));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  by("later").prepend(by("editor"));
  await at();
}
