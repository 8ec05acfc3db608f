import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLParameters;

/** Netty, with the TLS of Java. */
class Netty {
    static void open(String url) throws Exception {
        open(url, SslProvider.JDK);
    }

    static void open(String url, SslProvider provider) throws Exception {
        SslContext context = SslContextBuilder.forClient().sslProvider(provider).build();
        URI target = URI.create(url);
        NioEventLoopGroup group = new NioEventLoopGroup(1);
        Connection connection = new Connection(context, target);
        try {
            Channel channel = new Bootstrap().group(group).channel(NioSocketChannel.class).handler(connection)
                .connect(target.getHost(), target.getPort()).sync().channel();
            connection.tls.handshakeFuture().sync();
            byte[] request = ("GET / HTTP/1.1\r\nHost: " + target.getHost() + "\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
            channel.writeAndFlush(Unpooled.wrappedBuffer(request)).sync();
            connection.answered.await(20, TimeUnit.SECONDS);
            channel.close().sync();
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private static final class Connection extends ChannelInitializer<Channel> {
        final CountDownLatch answered = new CountDownLatch(1);
        volatile SslHandler tls;
        private final SslContext context;
        private final URI target;

        Connection(SslContext context, URI target) {
            this.context = context;
            this.target = target;
        }

        @Override
        protected void initChannel(Channel channel) {
            tls = context.newHandler(channel.alloc(), target.getHost(), target.getPort());
            SSLParameters parameters = tls.engine().getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            tls.engine().setSSLParameters(parameters);
            channel.pipeline().addLast(tls, new Answer(answered));
        }
    }

    private static final class Answer extends SimpleChannelInboundHandler<Object> {
        private final CountDownLatch answered;

        Answer(CountDownLatch answered) {
            this.answered = answered;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, Object message) {
            answered.countDown();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            answered.countDown();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            answered.countDown();
        }
    }
}
