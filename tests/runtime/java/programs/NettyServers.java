import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/** Says of Netty's servers, with either engine, whether each accepts a client: SERVER.p12 CLIENT.p12 CA.pem. */
final class NettyServers {
    private NettyServers() {}

    public static void main(String[] files) throws Exception {
        KeyManager[] client = {new Servers.Always((X509ExtendedKeyManager) Servers.keys(files[1])[0])};
        TrustManagerFactory named = TrustManagerFactory.getInstance("PKIX");
        named.init(Servers.named(files[2]));
        for (SslProvider engine : new SslProvider[] {SslProvider.JDK, SslProvider.OPENSSL}) {
            System.out.println(engine + " " + ask(engine, files[0], client, null));
            System.out.println(engine + " named " + ask(engine, files[0], client, named));
        }
        System.exit(0);
    }

    private static String ask(SslProvider engine, String file, KeyManager[] client, TrustManagerFactory trust)
            throws Exception {
        SslContextBuilder builder = SslContextBuilder.forServer(Servers.keys(file)[0])
            .sslProvider(engine).clientAuth(ClientAuth.REQUIRE);
        SslContext context = (trust == null ? builder : builder.trustManager(trust)).build();
        NioEventLoopGroup group = new NioEventLoopGroup(1);
        CompletableFuture<String> said = new CompletableFuture<>();
        try {
            InetAddress loopback = InetAddress.getByName("127.0.0.1");
            Channel channel = new ServerBootstrap().group(group).channel(NioServerSocketChannel.class)
                .childHandler(new Accepting(context, said)).bind(loopback, 0).sync().channel();
            Servers.connect(client, loopback, ((InetSocketAddress) channel.localAddress()).getPort());
            return said.get(20, TimeUnit.SECONDS);
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private static final class Accepting extends ChannelInitializer<Channel> {
        private final SslContext context;
        private final CompletableFuture<String> said;

        Accepting(SslContext context, CompletableFuture<String> said) {
            this.context = context;
            this.said = said;
        }

        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addLast(context.newHandler(channel.alloc()), new Hearing(said));
        }
    }

    private static final class Hearing extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<String> said;

        Hearing(CompletableFuture<String> said) {
            this.said = said;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent) {
                boolean accepted = ((SslHandshakeCompletionEvent) event).isSuccess();
                said.complete(accepted ? "accepted" : "refused");
                context.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            System.err.println(cause);
        }
    }
}
