package io.quern.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A headless Chromium that opens a page and says what it looks like. */
public final class Chromium {
  /**
   * What was seen.
   *
   * @param screenshot a PNG file
   * @param findings what {@link #INSPECTION} wrote
   * @param requests URLs that the page asked the network for
   */
  public record Seen(Path screenshot, String findings, List<String> requests) {}

  /**
   * Opens all details and looks: {@code wide=}pixels that the page is wider than its window; {@code
   * drawings=}visible drawings; {@code outside=}texts that leave their drawing; {@code
   * overlaps=}pairs of labels that overlap; {@code scrolls=}titles of tables outside of details
   * that are wider than their place.
   */
  private static final String INSPECTION =
      """
      onload = () => {
        const page = document.querySelector('iframe').contentDocument, root = page.documentElement;
        page.querySelectorAll('details').forEach(d => d.open = true);
        const shown = [...page.querySelectorAll('main svg')].filter(s => s.getBoundingClientRect().width > 0);
        const outside = [], overlaps = [];
        for (const s of shown) {
          const b = s.getBoundingClientRect();
          for (const t of s.querySelectorAll('text')) {
            const r = t.getBoundingClientRect();
            if (r.left < b.left - 1 || r.right > b.right + 1 || r.top < b.top - 2 || r.bottom > b.bottom + 2)
              outside.push(t.textContent);
          }
          const labels = [...s.querySelectorAll('text.label')].map(t => [t.textContent, t.getBoundingClientRect()]);
          labels.forEach(([a, p], i) => labels.slice(i + 1).forEach(([c, q]) => {
            if (p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 3 && q.top < p.bottom - 3)
              overlaps.push(a + '/' + c);
          }));
        }
        const scrolls = [...page.querySelectorAll('.scroll')].filter(d => !d.closest('details') && d.scrollWidth > d.clientWidth)
            .map(d => d.getAttribute('aria-label'));
        page.querySelectorAll('details').forEach((d, i) => d.open = i < 2);
        document.documentElement.setAttribute('data-findings', 'wide=' + (root.scrollWidth - root.clientWidth)
            + ' drawings=' + shown.length + ' outside=[' + outside + '] overlaps=[' + overlaps + '] scrolls=[' + scrolls + ']');
      };
      """;

  private static final List<String> PROGRAMS =
      List.of("chromium", "chromium-browser", "google-chrome");
  private static final String MISSING =
      "chromium is not installed: pages of reports were NOT rendered";
  private static final long PATIENCE_SECONDS = 120;

  private final Path program;

  private Chromium(Path program) {
    this.program = program;
  }

  /**
   * The browser of the search path. Without one the test ends here as skipped, with a line that
   * says so.
   */
  public static Chromium orAbort() {
    return Stream.of(System.getenv("PATH").split(":"))
        .flatMap(d -> PROGRAMS.stream().map(Path.of(d)::resolve))
        .filter(Files::isExecutable)
        .map(Chromium::new)
        .findFirst()
        .orElseGet(
            () -> {
              System.out.println(MISSING);
              return Assumptions.abort(MISSING);
            });
  }

  /**
   * Opens a page in a frame of the given size; a window of its own could not be as narrow as a
   * phone.
   */
  public Seen open(String html, int width, int height, boolean dark, Path folder) throws Exception {
    String escaped = html.replace("&", "&amp;").replace("\"", "&quot;");
    Path wrapper = folder.resolve("wrapper.html");
    Files.writeString(
        wrapper,
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"></head>"
            + "<body style=\"margin:0;overflow:hidden\"><iframe style=\"border:0;display:block;width:"
            + width
            + "px;height:"
            + height
            + "px\" srcdoc=\""
            + escaped
            + "\"></iframe><script>"
            + INSPECTION
            + "</script></body></html>");
    Path log = folder.resolve("net.json");
    Path png = folder.resolve("page.png");
    List<String> common =
        List.of(
            "--blink-settings=preferredColorScheme=" + (dark ? 0 : 1),
            "--window-size=" + width + "," + height,
            "--log-net-log=" + log);
    run(folder, common, "--screenshot=" + png, wrapper);
    String dom = run(folder, common, "--dump-dom", wrapper);
    Matcher m = Pattern.compile("data-findings=\"([^\"]*)\"").matcher(dom);
    if (!m.find()) {
      throw new IOException("the page was not inspected: " + dom.length() + " characters of DOM");
    }
    return new Seen(png, m.group(1), requests(log));
  }

  private String run(Path folder, List<String> common, String action, Path page) throws Exception {
    Path profile = Files.createTempDirectory(folder, "profile");
    Path out = folder.resolve("out.txt");
    List<String> command =
        new ArrayList<>(List.of(program.toString(), "--headless", "--no-sandbox"));
    command.addAll(List.of("--disable-gpu", "--hide-scrollbars", "--no-first-run"));
    command.add("--user-data-dir=" + profile);
    command.addAll(common);
    command.addAll(List.of(action, page.toUri().toString()));
    Process p =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(folder.resolve("err.txt").toFile())
            .start();
    try {
      if (!p.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || p.exitValue() != 0) {
        throw new IOException("chromium failed: " + Files.readString(folder.resolve("err.txt")));
      }
    } finally {
      p.destroyForcibly();
    }
    delete(profile);
    return Files.readString(out);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(p);
      }
    }
  }

  /** What the page asked for; the browser's own requests have another isolation key. */
  private static List<String> requests(Path log) throws IOException {
    Pattern url =
        Pattern.compile("\"network_isolation_key\":\"file:.*\"url\":\"([a-z]+s?://[^\"]*)\"");
    return Files.readAllLines(log, StandardCharsets.UTF_8).stream()
        .map(url::matcher)
        .filter(Matcher::find)
        .map(m -> m.group(1))
        .filter(u -> !u.startsWith("file:"))
        .toList();
  }
}
