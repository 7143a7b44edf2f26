package interop;

import com.helger.collection.commons.CommonsArrayList;
import com.helger.collection.commons.ICommonsList;
import com.helger.http.EHttpMethod;
import com.helger.http.header.HttpHeaderMap;
import com.helger.peppol.sbdh.PeppolSBDHData;
import com.helger.peppol.sbdh.PeppolSBDHDataReader;
import com.helger.peppol.smp.ESMPTransportProfile;
import com.helger.phase4.attachment.WSS4JAttachment;
import com.helger.phase4.crypto.IAS4CryptoFactory;
import com.helger.phase4.crypto.IAS4DecryptParameterModifier;
import com.helger.phase4.ebms3header.Ebms3SignalMessage;
import com.helger.phase4.ebms3header.Ebms3UserMessage;
import com.helger.phase4.error.AS4ErrorList;
import com.helger.phase4.incoming.AS4RequestHandler;
import com.helger.phase4.incoming.IAS4IncomingMessageMetadata;
import com.helger.phase4.incoming.IAS4IncomingMessageState;
import com.helger.phase4.incoming.crypto.AS4IncomingSecurityConfiguration;
import com.helger.phase4.incoming.spi.AS4MessageProcessorResult;
import com.helger.phase4.incoming.spi.AS4SignalMessageProcessorResult;
import com.helger.phase4.incoming.spi.IAS4IncomingMessageProcessorSPI;
import com.helger.phase4.model.error.EEbmsError;
import com.helger.phase4.model.pmode.IPMode;
import com.helger.phase4.servlet.AS4UnifiedResponse;
import com.helger.phase4.servlet.AS4XServletHandler;
import com.helger.phase4.servlet.IAS4ServletRequestHandlerCustomizer;
import com.helger.phase4.wss.AS4CertificateOnlySignatureTrustValidator;
import com.helger.smpclient.peppol.SMPClientReadOnly;
import com.helger.web.scope.IRequestWebScopeWithoutResponse;
import com.helger.xservlet.AbstractXServlet;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.apache.wss4j.dom.str.STRParser.REFERENCE_TYPE;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.w3c.dom.Node;

/**
 * phase4's receiver: its handler checks, decrypts and answers; here is what Peppol wants beyond.
 *
 * <p>Whom it serves is asked of the SMP: a participant whose endpoint is another's gets
 * NOT_SERVICED. Each envelope that is taken becomes a file, named by its instance identifier.
 */
final class Receiving implements IAS4IncomingMessageProcessorSPI {
  private final Peer peer;
  private final Server server;
  private final Path received;

  private Receiving(Peer peer, Server server, Path received) {
    this.peer = peer;
    this.server = server;
    this.received = received;
  }

  /** A server on loopback and a free port, not started; it opens with one key, signs with the other. */
  static Server server(Peer peer, IAS4CryptoFactory opens, IAS4CryptoFactory signs, Path received) {
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    Receiving taking = new Receiving(peer, server, received);
    ServletContextHandler context = new ServletContextHandler();
    context.addServlet(new ServletHolder(new Endpoint(taking, opens, signs)), "/as4");
    server.setHandler(context);
    return server;
  }

  static URI address(Server server) {
    return server.getURI().resolve("/as4");
  }

  @Override
  public AS4MessageProcessorResult processAS4UserMessage(
      IAS4IncomingMessageMetadata metadata,
      HttpHeaderMap headers,
      Ebms3UserMessage message,
      IPMode mode,
      Node body,
      ICommonsList<WSS4JAttachment> attachments,
      IAS4IncomingMessageState state,
      AS4ErrorList errors) {
    try {
      take(attachments, state);
      return AS4MessageProcessorResult.createSuccess();
    } catch (Refusal refusal) {
      errors.add(
          refusal
              .error
              .errorBuilder(state.getLocale())
              .refToMessageInError(state.getMessageID())
              .errorDetail(refusal.getMessage())
              .build());
    } catch (Exception failure) {
      failure.printStackTrace();
      errors.add(
          EEbmsError.EBMS_OTHER
              .errorBuilder(state.getLocale())
              .refToMessageInError(state.getMessageID())
              .errorDetail(failure.toString())
              .build());
    }
    return AS4MessageProcessorResult.createFailure();
  }

  private void take(ICommonsList<WSS4JAttachment> attachments, IAS4IncomingMessageState state)
      throws Exception {
    if (!state.isSoapSignatureChecked()
        || state.getSigningCertificateReferenceType() != REFERENCE_TYPE.DIRECT_REF) {
      throw new Refusal(EEbmsError.EBMS_FAILED_AUTHENTICATION, "not signed as Peppol has it");
    }
    if (!state.isSoapDecrypted()
        || state.getDecryptingCertificateReferenceType() != REFERENCE_TYPE.DIRECT_REF) {
      throw new Refusal(EEbmsError.EBMS_FAILED_DECRYPTION, "not encrypted as Peppol has it");
    }
    var verdict =
        peer.authorities().checkCertificate(state.getSigningCertificate(), OffsetDateTime.now());
    if (verdict.isInvalid()) {
      throw new Refusal(EEbmsError.EBMS_FAILED_AUTHENTICATION, verdict.getReason());
    }
    if (attachments == null || attachments.size() != 1) {
      throw new Refusal(EEbmsError.EBMS_EXTERNAL_PAYLOAD_ERROR, "not exactly one payload");
    }
    byte[] payload;
    try (InputStream content = attachments.getFirstOrNull().getSourceStream()) {
      payload = content.readAllBytes();
    }
    PeppolSBDHData envelope =
        new PeppolSBDHDataReader(Peer.identifiers())
            .setPerformValueChecks(true)
            .setCheckForCountryC1(true)
            .extractData(new ByteArrayInputStream(payload));
    if (!serves(envelope)) {
      throw new Refusal(EEbmsError.EBMS_OTHER, "PEPPOL:NOT_SERVICED");
    }
    Files.write(received.resolve(envelope.getInstanceIdentifier() + ".xml"), payload);
  }

  private boolean serves(PeppolSBDHData envelope) throws Exception {
    var services =
        peer.publisherOf(envelope.getReceiverAsIdentifier())
            .getServiceMetadataOrNull(
                envelope.getReceiverAsIdentifier(), envelope.getDocumentTypeAsIdentifier());
    if (services == null) {
      return false;
    }
    var endpoint =
        SMPClientReadOnly.getEndpoint(
            services,
            envelope.getProcessAsIdentifier(),
            ESMPTransportProfile.TRANSPORT_PROFILE_PEPPOL_AS4_V2);
    return address(server).toString().equals(SMPClientReadOnly.getEndpointAddress(endpoint));
  }

  @Override
  public AS4SignalMessageProcessorResult processAS4SignalMessage(
      IAS4IncomingMessageMetadata metadata,
      HttpHeaderMap headers,
      Ebms3SignalMessage signal,
      IPMode mode,
      IAS4IncomingMessageState state,
      AS4ErrorList errors) {
    throw new UnsupportedOperationException("signals come as answers only");
  }

  @Override
  public void processAS4ResponseMessage(
      IAS4IncomingMessageMetadata metadata,
      IAS4IncomingMessageState state,
      String id,
      byte[] response,
      boolean hasPayload,
      AS4ErrorList errors) {
    // Nothing is kept of our own answers.
  }

  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1;
    private final transient EEbmsError error;

    Refusal(EEbmsError error, String detail) {
      super(detail);
      this.error = error;
    }
  }

  /** phase4's servlet with keys of ours, and with signatures as Peppol wants them. */
  private static final class Endpoint extends AbstractXServlet {
    private static final long serialVersionUID = 1;

    Endpoint(Receiving taking, IAS4CryptoFactory opens, IAS4CryptoFactory signs) {
      settings().setMultipartEnabled(false); // phase4 reads the parts itself
      AS4XServletHandler handler = new AS4XServletHandler();
      handler.setRequestHandlerCustomizer(
          new IAS4ServletRequestHandlerCustomizer() {
            @Override
            public void customizeBeforeHandling(
                IRequestWebScopeWithoutResponse scope,
                AS4UnifiedResponse response,
                AS4RequestHandler request) {
              request.setCryptoFactorySign(signs);
              request.setCryptoFactoryCrypt(opens);
              request.setProcessorSupplier(() -> new CommonsArrayList<>(taking));
              request.setIncomingSecurityConfiguration(
                  AS4IncomingSecurityConfiguration.createDefaultInstance()
                      .setDecryptParameterModifier(certificatesOnly()));
            }

            @Override
            public void customizeAfterHandling(
                IRequestWebScopeWithoutResponse scope,
                AS4UnifiedResponse response,
                AS4RequestHandler request) {
              // Its answer stays as it is.
            }
          });
      handlerRegistry().registerHandler(EHttpMethod.POST, handler);
    }

    private static IAS4DecryptParameterModifier certificatesOnly() {
      return new IAS4DecryptParameterModifier() {
        @Override
        public void modifyWSSConfig(WSSConfig config) {
          config.setValidator(
              WSConstants.SIGNATURE, new AS4CertificateOnlySignatureTrustValidator());
        }
      };
    }
  }
}
