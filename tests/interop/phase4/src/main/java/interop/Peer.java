package interop;

import com.helger.peppol.sml.SMLInfo;
import com.helger.peppolid.IParticipantIdentifier;
import com.helger.peppolid.factory.PeppolIdentifierFactory;
import com.helger.phase4.CAS4Version;
import com.helger.phase4.crypto.AS4CryptoFactoryInMemoryKeyStore;
import com.helger.phase4.incoming.AS4ServerInitializer;
import com.helger.phase4.incoming.mgr.AS4ProfileSelector;
import com.helger.phase4.profile.peppol.AS4PeppolProfileRegistarSPI;
import com.helger.security.certificate.TrustedCAChecker;
import com.helger.security.revocation.CertificateRevocationCheckerDefaults;
import com.helger.security.revocation.ERevocationCheckMode;
import com.helger.servlet.mock.MockServletContext;
import com.helger.smpclient.peppol.SMPClientReadOnly;
import com.helger.smpclient.url.PeppolNaptrURLProvider;
import com.helger.web.scope.mgr.WebScopeManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Jetty;

/**
 * An access point of phase4 that a test drives by lines.
 *
 * <p>Its folder holds {@code trust.p12} (the CAs of access points), {@code publishers.p12} (those of
 * SMPs) and one key store for each of its keys; what it receives is put into {@code received}. Each
 * line is a command with fields ({@code name=value}, parted by tabs), and gets one line back:
 *
 * <ul>
 *   <li>{@code listen}: {@code keys}, {@code signs} (another key to answer with); gives {@code url}
 *   <li>{@code send}: {@code keys}, {@code seat}, and what the message says; see {@link Sending}
 * </ul>
 */
public final class Peer {
  static final char[] PASSWORD = "interop".toCharArray();
  static final String ALIAS = "ap";

  private final Path folder;
  private final String zone;
  private final KeyStore trusted;
  private final KeyStore publishers;
  private final TrustedCAChecker authorities;

  private Peer(Path folder, String zone) throws IOException, GeneralSecurityException {
    this.folder = folder;
    this.zone = zone;
    this.trusted = store("trust");
    this.publishers = store("publishers");
    this.authorities = new TrustedCAChecker(certificates(trusted));
    // Its default asks for lists, and keeps them for a day.
    CertificateRevocationCheckerDefaults.setRevocationCheckMode(ERevocationCheckMode.OCSP);
    CertificateRevocationCheckerDefaults.setCacheRevocationCheckResults(false);
  }

  /** Arguments: its folder, and the zone of participants in DNS. */
  public static void main(String[] arguments) throws Exception {
    // Whatever logs to standard output would be taken for an answer.
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    WebScopeManager.onGlobalBegin(MockServletContext.create());
    AS4ProfileSelector.setCustomDefaultAS4ProfileID(AS4PeppolProfileRegistarSPI.AS4_PROFILE_ID);
    AS4ServerInitializer.initAS4Server();
    Peer peer = new Peer(Path.of(arguments[0]), arguments[1]);
    answers.println(
        line(
            Map.of(
                "phase4", CAS4Version.BUILD_VERSION,
                "jetty", Jetty.VERSION,
                "java", Runtime.version().toString())));
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String next = commands.readLine(); next != null; next = commands.readLine()) {
      answers.println(line(peer.answer(next)));
    }
    // Its standard input is closed: nobody drives it any more. Jetty's threads would keep it alive.
    System.exit(0);
  }

  private Map<String, String> answer(String command) {
    try {
      Map<String, String> fields = fields(command);
      return switch (fields.getOrDefault("command", "")) {
        case "listen" -> Map.of("url", listen(fields));
        case "send" -> new Sending(this, fields).send();
        default -> Map.of("failed", "no such command: " + command);
      };
    } catch (Exception failure) {
      failure.printStackTrace();
      return Map.of("failed", failure.toString());
    }
  }

  private String listen(Map<String, String> fields) throws Exception {
    AS4CryptoFactoryInMemoryKeyStore opens = keys(fields.get("keys"));
    AS4CryptoFactoryInMemoryKeyStore signs = keys(fields.getOrDefault("signs", fields.get("keys")));
    Path received = Files.createDirectories(folder.resolve("received"));
    Server server = Receiving.server(this, opens, signs, received);
    server.start();
    return Receiving.address(server).toString();
  }

  AS4CryptoFactoryInMemoryKeyStore keys(String name) throws IOException, GeneralSecurityException {
    return new AS4CryptoFactoryInMemoryKeyStore(store(name), ALIAS, PASSWORD, trusted);
  }

  TrustedCAChecker authorities() {
    return authorities;
  }

  /** Asks the publisher that DNS names for the participant, and checks what it signed. */
  SMPClientReadOnly publisherOf(IParticipantIdentifier participant) throws Exception {
    SMLInfo network = new SMLInfo("sandbox", "sandbox", zone, "http://127.0.0.1", false);
    PeppolNaptrURLProvider names = new PeppolNaptrURLProvider();
    return new SMPClientReadOnly(names, participant, network)
        .setTrustStore(publishers)
        .setVerifySignature(true)
        .setSecureValidation(true)
        .setXMLSchemaValidation(true);
  }

  static PeppolIdentifierFactory identifiers() {
    return PeppolIdentifierFactory.INSTANCE;
  }

  private KeyStore store(String name) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream content = Files.newInputStream(folder.resolve(name + ".p12"))) {
      store.load(content, PASSWORD);
    }
    return store;
  }

  private static X509Certificate[] certificates(KeyStore store) throws GeneralSecurityException {
    List<X509Certificate> found = new ArrayList<>();
    for (String alias : Collections.list(store.aliases())) {
      found.add((X509Certificate) store.getCertificate(alias));
    }
    return found.toArray(X509Certificate[]::new);
  }

  private static Map<String, String> fields(String line) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String field : line.split("\t")) {
      int at = field.indexOf('=');
      fields.put(field.substring(0, at), field.substring(at + 1));
    }
    return fields;
  }

  private static String line(Map<String, String> fields) {
    return String.join(
        "\t",
        fields.entrySet().stream()
            .map(field -> field.getKey() + "=" + field.getValue().replaceAll("\\s+", " "))
            .toList());
  }
}
