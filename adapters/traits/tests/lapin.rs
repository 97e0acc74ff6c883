//! lapin against a small broker: what a client needs of a runtime, and nothing that only RabbitMQ has.

mod support;

use amq_protocol::frame::{AMQPContentHeader, AMQPFrame, WriteContext, gen_frame, parse_frame};
use amq_protocol::protocol::{AMQPClass, basic, channel, confirm, connection, queue};
use async_rs::Runtime;
use fusee::io::{AsyncReadExt, AsyncWriteExt};
use fusee::net::{TcpListener, TcpStream};
use fusee_traits::FuseeRuntime;
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use support::on_both_flavours;

/// A broker with one client, who sends messages to himself.
struct Broker {
    stream: TcpStream,
    /// What was read and is no whole frame yet.
    read: Vec<u8>,
    /// What the client has published.
    messages: Vec<Vec<u8>>,
    /// How many deliveries he has acknowledged.
    acknowledged: usize,
}

impl Broker {
    async fn serve(listener: TcpListener) -> usize {
        let (stream, _) = listener.accept().await.unwrap();
        let mut broker = Self { stream, read: Vec::new(), messages: Vec::new(), acknowledged: 0 };
        let mut header = [0; 8];
        broker.stream.read_exact(&mut header).await.unwrap();
        assert_eq!(&header, b"AMQP\0\0\x09\x01");
        let start = connection::Start {
            version_major: 0,
            version_minor: 9,
            server_properties: FieldTable::default(),
            mechanisms: "PLAIN".into(),
            locales: "en_US".into(),
        };
        broker.send(0, AMQPClass::Connection(connection::AMQPMethod::Start(start))).await;
        while let Some(frame) = broker.receive().await {
            let goes_on = match frame {
                AMQPFrame::Method(id, method) => broker.answer(id, method).await,
                AMQPFrame::Body(id, body) => {
                    broker.messages.push(body);
                    let ack = basic::Ack { delivery_tag: broker.messages.len() as u64, multiple: false };
                    broker.send(id, AMQPClass::Basic(basic::AMQPMethod::Ack(ack))).await;
                    true
                }
                _ => true,
            };
            if !goes_on {
                break;
            }
        }
        broker.acknowledged
    }

    /// Answers a method; false at the end of the connection.
    async fn answer(&mut self, id: u16, method: AMQPClass) -> bool {
        use connection::AMQPMethod as OfConnection;

        let answer = match method {
            AMQPClass::Connection(OfConnection::StartOk(_)) => {
                let tune = connection::Tune { channel_max: 8, frame_max: 1 << 17, heartbeat: 0 };
                AMQPClass::Connection(OfConnection::Tune(tune))
            }
            AMQPClass::Connection(OfConnection::Open(_)) => {
                AMQPClass::Connection(OfConnection::OpenOk(connection::OpenOk {}))
            }
            AMQPClass::Connection(OfConnection::Close(_)) => {
                self.send(id, AMQPClass::Connection(OfConnection::CloseOk(connection::CloseOk {}))).await;
                return false;
            }
            AMQPClass::Channel(channel::AMQPMethod::Open(_)) => {
                AMQPClass::Channel(channel::AMQPMethod::OpenOk(channel::OpenOk {}))
            }
            AMQPClass::Channel(channel::AMQPMethod::Close(_)) => {
                AMQPClass::Channel(channel::AMQPMethod::CloseOk(channel::CloseOk {}))
            }
            AMQPClass::Confirm(_) => AMQPClass::Confirm(confirm::AMQPMethod::SelectOk(confirm::SelectOk {})),
            AMQPClass::Queue(queue::AMQPMethod::Declare(declare)) => {
                let declared = queue::DeclareOk { queue: declare.queue, message_count: 0, consumer_count: 0 };
                AMQPClass::Queue(queue::AMQPMethod::DeclareOk(declared))
            }
            AMQPClass::Basic(basic::AMQPMethod::Consume(consume)) => {
                self.deliver(id, consume).await;
                return true;
            }
            AMQPClass::Basic(basic::AMQPMethod::Ack(_)) => {
                self.acknowledged += 1;
                return true;
            }
            _ => return true,
        };
        self.send(id, answer).await;
        true
    }

    /// Delivers all that was published.
    async fn deliver(&mut self, id: u16, consume: basic::Consume) {
        let consumer_tag = consume.consumer_tag;
        let accepted = basic::ConsumeOk { consumer_tag: consumer_tag.clone() };
        self.send(id, AMQPClass::Basic(basic::AMQPMethod::ConsumeOk(accepted))).await;
        for (number, body) in self.messages.clone().into_iter().enumerate() {
            let deliver = basic::Deliver {
                consumer_tag: consumer_tag.clone(),
                delivery_tag: number as u64 + 1,
                redelivered: false,
                exchange: "".into(),
                routing_key: consume.queue.clone(),
            };
            self.send(id, AMQPClass::Basic(basic::AMQPMethod::Deliver(deliver))).await;
            let header = AMQPContentHeader {
                class_id: 60,
                body_size: body.len() as u64,
                properties: BasicProperties::default(),
            };
            self.send_frame(&AMQPFrame::Header(id, header)).await;
            self.send_frame(&AMQPFrame::Body(id, body)).await;
        }
    }

    async fn send(&mut self, id: u16, method: AMQPClass) {
        self.send_frame(&AMQPFrame::Method(id, method)).await;
    }

    async fn send_frame(&mut self, frame: &AMQPFrame) {
        let written = gen_frame(frame)(WriteContext::from(Vec::new())).unwrap();
        self.stream.write_all(&written.write).await.unwrap();
    }

    /// The next frame, if there is one.
    async fn receive(&mut self) -> Option<AMQPFrame> {
        loop {
            if let Ok((rest, frame)) = parse_frame(&*self.read) {
                self.read = rest.to_vec();
                return Some(frame);
            }
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer).await.unwrap();
            if count == 0 {
                return None;
            }
            self.read.extend_from_slice(&buffer[..count]);
        }
    }
}

#[test]
fn messages_are_published_confirmed_consumed_and_acknowledged() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let uri = format!("amqp://guest:guest@{}/%2f", listener.local_addr().unwrap());
            let broker = fusee::spawn(Broker::serve(listener));

            let kit = Runtime::new(FuseeRuntime::current());
            let options = ConnectionProperties::default();
            let connection = Connection::connect_with_runtime(&uri, options, kit).await.unwrap();
            let channel = connection.create_channel().await.unwrap();
            channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
            channel.queue_declare("jobs".into(), QueueDeclareOptions::default(), FieldTable::default()).await.unwrap();
            for n in 0..10u8 {
                let message = [n];
                let publish = channel.basic_publish(
                    "".into(),
                    "jobs".into(),
                    BasicPublishOptions::default(),
                    &message,
                    BasicProperties::default(),
                );
                assert!(publish.await.unwrap().await.unwrap().is_ack());
            }
            let consume = BasicConsumeOptions::default();
            let mut deliveries =
                channel.basic_consume("jobs".into(), "here".into(), consume, FieldTable::default()).await.unwrap();
            for n in 0..10u8 {
                let delivery = deliveries.next().await.unwrap().unwrap();
                assert_eq!(delivery.data, [n]);
                delivery.ack(BasicAckOptions::default()).await.unwrap();
            }
            connection.close(200, "bye".into()).await.unwrap();
            assert_eq!(broker.await.unwrap(), 10);
        });
    });
}

#[test]
fn a_broker_that_is_not_there_is_an_error() {
    on_both_flavours(|runtime| {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let uri = format!("amqp://{}/%2f", listener.local_addr().unwrap());
            drop(listener);
            let kit = Runtime::new(FuseeRuntime::current());
            let options = ConnectionProperties::default();
            assert!(Connection::connect_with_runtime(&uri, options, kit).await.is_err());
        });
    });
}
