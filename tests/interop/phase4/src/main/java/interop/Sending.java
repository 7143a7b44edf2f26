package interop;

import com.helger.peppolid.IParticipantIdentifier;
import com.helger.peppolid.factory.IIdentifierFactory;
import com.helger.phase4.crypto.AS4CryptoFactoryInMemoryKeyStore;
import com.helger.phase4.ebms3header.Ebms3Error;
import com.helger.phase4.peppol.Phase4PeppolSender;
import com.helger.phase4.profile.peppol.Phase4PeppolHttpClientSettings;
import com.helger.phase4.sender.EAS4UserMessageSendResult;
import com.helger.phase4.sender.IAS4SignalMessageValidationResultHandler;
import com.helger.security.certificate.CertificateHelper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * One message of phase4's sender, as its users send it: found by DNS and SMP, checked, posted.
 *
 * <p>Fields: {@code keys}, {@code seat}, {@code sender}, {@code receiver}, {@code country}, {@code
 * type} and {@code process} with their schemes, {@code instance}, and {@code document} (a file).
 */
final class Sending {
  private final Peer peer;
  private final Map<String, String> fields;
  private final Map<String, String> answer = new LinkedHashMap<>();

  Sending(Peer peer, Map<String, String> fields) {
    this.peer = peer;
    this.fields = fields;
  }

  /**
   * What came of it: {@code result} in phase4's words; {@code references} (whether the receipt names
   * what was sent) and {@code signer} (whose signature it bears, which was checked); {@code errors}
   * of the answer; {@code exception} where it did not come to one.
   */
  Map<String, String> send() throws Exception {
    AS4CryptoFactoryInMemoryKeyStore keys = peer.keys(fields.get("keys"));
    IIdentifierFactory named = Peer.identifiers();
    IParticipantIdentifier receiver = named.parseParticipantIdentifier(fields.get("receiver"));
    var message =
        Phase4PeppolSender.builder()
            .cryptoFactory(keys)
            .httpClientFactory(new Phase4PeppolHttpClientSettings())
            .peppolAP_CAChecker(peer.authorities())
            .smpClient(peer.publisherOf(receiver))
            .senderPartyID(fields.get("seat"))
            .senderParticipantID(named.parseParticipantIdentifier(fields.get("sender")))
            .receiverParticipantID(receiver)
            .documentTypeID(named.parseDocumentTypeIdentifier(fields.get("type")))
            .processID(named.parseProcessIdentifier(fields.get("process")))
            .countryC1(fields.get("country"))
            .sbdhInstanceIdentifier(fields.get("instance"))
            .payload(Files.readAllBytes(Path.of(fields.get("document"))))
            .disableValidation()
            .signalMsgValidationResultHdl(references())
            .signalMsgConsumer(
                (signal, metadata, state) -> {
                  if (state.isSoapSignatureChecked() && state.hasSigningCertificate()) {
                    var signer = CertificateHelper.getSubjectCN(state.getSigningCertificate());
                    answer.put("signer", signer);
                  }
                  if (signal.hasErrorEntries()) {
                    var errors = signal.getError().stream().map(Sending::told);
                    answer.put("errors", errors.collect(Collectors.joining("; ")));
                  }
                });
    EAS4UserMessageSendResult result =
        message.sendMessageAndCheckForReceipt(failure -> answer.put("exception", causes(failure)));
    answer.put("result", result.name());
    return answer;
  }

  private IAS4SignalMessageValidationResultHandler references() {
    return new IAS4SignalMessageValidationResultHandler() {
      @Override
      public void onSuccess() {
        answer.putIfAbsent("references", "proved");
      }

      @Override
      public void onError(String text) {
        answer.put("references", text);
      }

      @Override
      public void onNotApplicable() {
        answer.put("references", "none");
      }
    };
  }

  private static String told(Ebms3Error error) {
    return error.getErrorCode() + " " + error.getErrorDetail();
  }

  private static String causes(Throwable failure) {
    StringBuilder text = new StringBuilder(failure.getMessage());
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      text.append(": ").append(cause.getMessage());
    }
    return text.toString();
  }
}
